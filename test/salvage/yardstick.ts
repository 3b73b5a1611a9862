import Database from "libsql";
import { rowsOf } from "../../src/db/read-only.ts";

/**
 * Where there is a sqlite3 shell that can recover: Debian's own sqlite3 is built without what that takes, its fossil has
 * one built in.
 */
const SHELL = Bun.which("fossil") ? ["fossil", "sqlite3", "--no-repository"] : undefined;

export const hasYardstick = SHELL !== undefined;

/** A few damaged files keep the shell busy for minutes, and longer. */
const PATIENCE_MS = 20_000;

/** Makes a database of what the `.recover` of the sqlite3 shell finds in a damaged file; nothing when it does not end. */
export function recover(path: string, target: string): void {
  if (!SHELL) throw new Error("There is no shell that recovers: apt install fossil.");
  const { stdout } = Bun.spawnSync([...SHELL, path, ".recover"], {
    stderr: "ignore",
    timeout: PATIENCE_MS,
  });
  // It stops at no error, such as a row that breaks a constraint.
  Bun.spawnSync([...SHELL, target], { stdin: stdout, stdout: "ignore", stderr: "ignore" });
}

/** The rows of a table by their primary keys, quoted; none where there is no such table. */
export function readTable(path: string, table: string): Map<string, string> {
  const database = new Database(path);
  try {
    const columns = rowsOf<{ name: string; pk: number }>(
      database,
      "SELECT * FROM pragma_table_info(?)",
      table,
    );
    if (columns.length === 0) return new Map();
    // As bytes, since text may be damaged; what only marks a ride as to be derived again is left out.
    const quoted = (names: string[]) =>
      `CAST(concat_ws('|', ${names.map((name) => `quote("${name}")`)}) AS BLOB)`;
    const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => name);
    const values = columns.map(({ name }) => name).filter((name) => !DERIVED.includes(name));
    const rows = rowsOf<{ key: Buffer; row: Buffer }>(
      database,
      `SELECT ${quoted(keys)} AS key, ${quoted(values)} AS row FROM "${table}"`,
    );
    return new Map(rows.map(({ key, row }) => [Buffer.from(key).toString(), Buffer.from(row).toString()]));
  } finally {
    database.close();
  }
}

const DERIVED = ["is_stale", "definitions_version"];
