import { rowsOf } from "../db/read-only.ts";
import { deletion } from "../streams/embedded-sql.ts";
import { idParts, latestMessageId } from "../streams/message-id.ts";
import { withDatabase } from "./database-file.ts";

const ARCHIVED =
  "SELECT user_id, stream_name, archived_through AS through FROM kept.workouts WHERE archived_through IS NOT NULL";
const DISCARDED = "SELECT user_id, stream_name, through FROM kept.discarded_streams";
/** A row where there is that table: not in the database of an earlier version. */
const CAN_DISCARD = "SELECT 1 FROM kept.sqlite_schema WHERE name = 'discarded_streams'";

const releasedBy = (query: string) => `
  SELECT stream.id AS streamId, json_group_array(through) AS ids
  FROM stream JOIN (${query}) ON user_id = stream.owner AND stream_name = stream.name
  GROUP BY stream.id`;

/**
 * Deletes from a copy of the buffer what finished workouts hold, or riders have deleted for good, in a later copy of the database: a ride that was completed
 * in between is in both, and the next one on its stream would take its samples too.
 */
export function releaseArchived(streamsPath: string, databasePath: string): void {
  withDatabase(streamsPath, "written", (database) => {
    database.prepare("ATTACH ? AS kept").run(databasePath);
    const canDiscard = database.prepare(CAN_DISCARD).all().length > 0;
    const query = releasedBy(canDiscard ? `${ARCHIVED} UNION ALL ${DISCARDED}` : ARCHIVED);
    for (const { streamId, ids } of rowsOf<{ streamId: number; ids: string }>(database, query)) {
      const through = latestMessageId(JSON.parse(ids) as string[]);
      if (through === undefined) continue;
      const { sql, args = [] } = deletion(streamId, idParts(through));
      database.prepare(sql).run(args);
    }
  });
}
