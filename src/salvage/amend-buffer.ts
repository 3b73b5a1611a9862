import type Database from "libsql";
import { textOf } from "./layout.ts";
import type { TableSalvage } from "./rows.ts";

const DAY_MS = 86_400_000;
/** Far more than streams and messages of one millisecond there are. */
const LARGEST_NUMBER = 2 ** 31;

/**
 * Makes a salvaged stream buffer one that can be served: streams in place of those that are lost, `owner` having the ones
 * of which nothing is known; what is no message any more as the text of one, which readers skip. Messages whose ids
 * were damaged go: ids run on from the last one.
 */
export function amendBuffer(
  database: Database.Database,
  tables: ReadonlyMap<string, TableSalvage>,
  { now, owner }: { now: number; owner: string },
): void {
  const run = (sql: string, ...values: (string | number)[]) => database.prepare(sql).run(values);
  const latest = now + DAY_MS;
  const isPlausible = `ms BETWEEN 1 AND ${latest} AND seq BETWEEN 0 AND ${LARGEST_NUMBER}`;
  run(`DELETE FROM message WHERE NOT (stream_id BETWEEN 1 AND ${LARGEST_NUMBER} AND ${isPlausible})`);
  run(`DELETE FROM high_water WHERE NOT (${isPlausible})`);
  run("UPDATE stream SET created_ms = 1, created_seq = 0 WHERE created_ms NOT BETWEEN 1 AND ?", latest);
  run(`UPDATE message SET data = json_object('message', data, 'timestamp', ms)
       WHERE NOT json_valid(data) OR instr(data, char(10)) OR json_type(data, '$.message') IS NOT 'text'
         OR json_type(data, '$.timestamp') IS NOT 'integer'`);

  for (const row of tables.get("stream")?.remains ?? []) {
    const sql = "INSERT OR IGNORE INTO stream VALUES (?, ?, ?, 1, 0)";
    run(sql, Number(row.get("rowid")), textOf(row, "owner"), textOf(row, "name"));
  }
  run(
    `INSERT OR IGNORE INTO stream SELECT DISTINCT stream_id, ?, 'salvaged-' || stream_id, 1, 0 FROM message
     WHERE stream_id NOT IN (SELECT id FROM stream) AND stream_id NOT IN (SELECT id FROM deleted_stream)`,
    owner,
  );
}
