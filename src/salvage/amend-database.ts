import type Database from "libsql";
import { rowsOf } from "../db/read-only.ts";
import { EMPTY_SUMMARY } from "../domain/summary.ts";
import { type Row, textOf } from "./layout.ts";
import type { Value } from "./record.ts";
import { createRowWriter } from "./row-writer.ts";
import type { TableSalvage } from "./rows.ts";

/** The account that has the rides of which nobody knows whose they are. */
export const LOST_AND_FOUND = "lost-and-found";

/** Rides that something refers to and that are not there. One effort alone is no sign of one: its key may be damaged. */
const LOST_RIDES = `
  SELECT id, max(user_id) AS user_id, max(achieved_at) AS start_time FROM (
    SELECT workout_id AS id FROM telemetry
    UNION SELECT workout_id FROM best_efforts GROUP BY workout_id HAVING count(*) > 1
    UNION SELECT value FROM json_each(?)
  ) LEFT JOIN best_efforts ON workout_id = id
  WHERE id NOT IN (SELECT id FROM workouts) GROUP BY id`;

const LOST_USERS = `
  SELECT id FROM (
    SELECT user_id AS id FROM workouts UNION SELECT user_id FROM best_efforts UNION SELECT user_id FROM api_keys
    UNION SELECT user_id FROM refresh_tokens UNION SELECT user_id FROM ftp_history
    UNION SELECT value FROM json_each(?)
  ) WHERE id NOT IN (SELECT id FROM users)`;

/** What is derived from telemetry; where the summary itself is lost, one that says nothing is derived again. */
const MARK_DERIVED = `
  UPDATE workouts SET is_stale = 1, definitions_version = 0, summary = coalesce(summary, ?)
  WHERE status NOT IN ('ACTIVE', 'PAUSED') AND id IN (SELECT workout_id FROM telemetry)`;

/**
 * Makes a salvaged database one that can be served. Rows whose parents are lost get new ones, made of what indexes and
 * other rows still tell of them: rides without a title, accounts without a password. So foreign keys hold and nothing
 * goes, but for efforts that belong to no ride. Everything derived is marked to be derived again.
 */
export function amendDatabase(
  database: Database.Database,
  tables: ReadonlyMap<string, TableSalvage>,
  now: number,
): void {
  const write = createRowWriter(database);
  database.exec("BEGIN");
  for (const ride of lostRides(database, remainsOf(tables, "workouts"), now)) write("workouts", ride);
  database.exec("DELETE FROM best_efforts WHERE workout_id NOT IN (SELECT id FROM workouts)");
  for (const user of lostUsers(database, remainsOf(tables, "users"), now)) write("users", user);
  database.prepare(MARK_DERIVED).run(JSON.stringify(EMPTY_SUMMARY));
  database.exec("COMMIT");
}

function lostRides(database: Database.Database, remains: ReadonlyMap<string, Row>, now: number): Row[] {
  const rides = rowsOf<{ id: string; user_id: string | null; start_time: number | null }>(
    database,
    LOST_RIDES,
    JSON.stringify([...remains.keys()]),
  );
  return rides.map(({ id, user_id, start_time }) =>
    rowWith(remains.get(id), {
      id,
      user_id: user_id ?? LOST_AND_FOUND,
      stream_name: "salvaged",
      title: "Salvaged ride",
      start_time: start_time ?? now,
      status: "COMPLETED",
      created_at: now,
      updated_at: now,
    }),
  );
}

function lostUsers(database: Database.Database, remains: ReadonlyMap<string, Row>, now: number): Row[] {
  const users = rowsOf<{ id: string }>(database, LOST_USERS, JSON.stringify([...remains.keys()]));
  return users.map(({ id }) => {
    const row = remains.get(id);
    const email = (row && textOf(row, "users_email")) || `${id}@localhost`;
    return rowWith(row, { id, email, created_at: now, updated_at: now });
  });
}

/** By the primary key; of what has lost even that, nothing can be made. */
function remainsOf(tables: ReadonlyMap<string, TableSalvage>, table: string): Map<string, Row> {
  const rows = tables.get(table)?.remains ?? [];
  return new Map(rows.filter((row) => row.has("id")).map((row) => [textOf(row, "id"), row]));
}

/** What is known, and in place of what is not, what is given. */
function rowWith(known: Row = new Map(), given: Record<string, string | number>): Row {
  const { rowid, users_email, ...columns } = Object.fromEntries(known);
  const values = Object.entries(given).map(([name, value]): [string, Value] => [
    name,
    typeof value === "string" ? { text: Buffer.from(value) } : value,
  ]);
  return new Map([...values, ...Object.entries(columns)]);
}
