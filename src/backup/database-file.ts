import Database from "libsql";
import { BUSY_TIMEOUT_MS } from "../db/busy-timeout.ts";
import { toError } from "../db/errors.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";

/*
 * Single acts on a local file, each on a connection of its own beside that of a server. All are synchronous, so none is
 * for the thread that serves. What fails is told with the name of the file.
 */

/**
 * Copies a database as it is at one moment, while others may go on writing to it. The copy has no free pages, and can
 * give back those to come.
 */
export function copyDatabase(from: string, to: string): void {
  withDatabase(from, `copied to ${to}`, (database) => {
    database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.prepare("VACUUM INTO ?").run(to);
  });
}

/** How many bytes a copy takes at most. */
export function sizeOf(path: string): number {
  return withDatabase(
    path,
    "read",
    (database) => numberOf(database, "PRAGMA page_count") * numberOf(database, "PRAGMA page_size"),
  );
}

/** How many rows each table has. */
export function countRows(path: string): Record<string, number> {
  return withDatabase(path, "read", (database) => {
    const tables = rowsOf<{ name: string }>(
      database,
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    return Object.fromEntries(
      tables.map(({ name }) => [name, numberOf(database, `SELECT count(*) FROM "${name}"`)]),
    );
  });
}

/** The first value of the first row; null is 0. */
export function readNumber(path: string, sql: string): number {
  return withDatabase(path, "read", (database) => numberOf(database, sql));
}

export function execute(path: string, sql: string, args: number[]): void {
  withDatabase(path, "written", (database) => database.prepare(sql).run(args));
}

function numberOf(database: Database.Database, sql: string): number {
  const [row] = rowsOf<Record<string, unknown>>(database, sql);
  return Number(Object.values(row ?? {})[0] ?? 0);
}

/** @param act what is done to the file, for the words of an error: as in "read" */
export function withDatabase<Result>(
  path: string,
  act: "read" | "written" | `copied to ${string}`,
  work: (database: Database.Database) => Result,
): Result {
  try {
    const database = act === "read" ? openReadOnly(path) : new Database(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      return work(database);
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new Error(`${path} could not be ${act}: ${toError(cause).message}.`, { cause });
  }
}
