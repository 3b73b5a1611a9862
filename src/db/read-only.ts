import { pathToFileURL } from "node:url";
import Database from "libsql";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { rollBackJournal } from "./journal.ts";

/**
 * A connection to a local file that cannot change it, not even by folding its write-ahead log in.
 * @throws Error when the file is not there or cannot be read.
 */
export function openReadOnly(path: string): Database.Database {
  rollBackJournal(path);
  const database = new Database(`${pathToFileURL(path).href}?mode=ro`, { timeout: BUSY_TIMEOUT_MS });
  database.exec("PRAGMA cache_size = -4000");
  database.exec("PRAGMA temp_store = MEMORY");
  return database;
}

/** All the rows of a query, as objects taken to be of the type that is asked for. */
export function rowsOf<Row>(database: Database.Database, sql: string, ...parameters: unknown[]): Row[] {
  return database.prepare(sql).all(...parameters) as Row[];
}
