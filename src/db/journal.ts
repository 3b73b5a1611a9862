import { existsSync } from "node:fs";
import Database from "libsql";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { isDamage, toError } from "./errors.ts";
import { HOW_TO_WRITE, hindrance } from "./writable.ts";

/**
 * Takes back what somebody was killed amid in a file that had no write-ahead log yet, which may leave it empty. SQLite
 * does it at the first look of whoever may write, and refuses all others: so this comes ahead of every look for reading
 * only. Beside a process that is at work on the file nothing happens, since that holds its lock.
 * @throws Error with a sentence for the operator.
 */
export function rollBackJournal(path: string): void {
  if (!existsSync(`${path}-journal`) || !existsSync(path)) return;
  const hindered = hindrance(path);
  if (hindered !== undefined)
    throw new Error(`${path} is to be rolled back first. ${hindered}. ${HOW_TO_WRITE}`);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare("SELECT count(*) FROM sqlite_schema").all();
  } catch (cause) {
    // By then it is rolled back; of the damage whoever looks next can tell.
    if (isDamage(cause)) return;
    throw new Error(`${path}-journal could not be rolled back: ${toError(cause).message}.`, { cause });
  } finally {
    database.close();
  }
}
