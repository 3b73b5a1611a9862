import { deleteMessages } from "../streams/embedded-sql.ts";
import { idParts, latestMessageId } from "../streams/message-id.ts";
import { withDatabase } from "./database-file.ts";

const ARCHIVED = `
  SELECT stream.id AS streamId, json_group_array(workouts.archived_through) AS ids
  FROM stream JOIN kept.workouts ON workouts.user_id = stream.owner AND workouts.stream_name = stream.name
  WHERE workouts.archived_through IS NOT NULL
  GROUP BY stream.id`;

/**
 * Deletes from a copy of the buffer what finished workouts hold in a later copy of the database: a ride that was completed
 * in between is in both, and the next one on its stream would take its samples too.
 */
export function releaseArchived(streamsPath: string, databasePath: string): void {
  withDatabase(streamsPath, "written", (database) => {
    database.prepare("ATTACH ? AS kept").run(databasePath);
    for (const { streamId, ids } of database.prepare(ARCHIVED).all() as { streamId: number; ids: string }[]) {
      const through = latestMessageId(JSON.parse(ids) as string[]);
      const [deletion] = through === undefined ? [] : deleteMessages(streamId, idParts(through));
      if (deletion) database.prepare(deletion.sql).run(deletion.args ?? []);
    }
  });
}
