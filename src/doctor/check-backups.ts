import { listBackups } from "../backup/backup-files.ts";
import { hasOwnDatabase } from "../backup/places.ts";
import type { Config } from "../config.ts";
import type { Finding } from "./finding.ts";

const DAY_MS = 86_400_000;
const LATE_DAYS = 2;

/**
 * Whether there is a backup that is no older than two days; nothing where another server keeps the database. One of a time
 * that is yet to come was made while the clock was wrong: it is of any age.
 */
export async function checkBackups(config: Config, now: number): Promise<Finding[]> {
  if (!hasOwnDatabase(config)) return [];
  const check = "backups";
  const all = await listBackups(config.backupDirectory);
  const backups = all.filter(({ madeAt }) => madeAt.getTime() <= now);
  const advice = "Run `bpt backup`, and see in the log why the server made none.";
  const [newest] = backups;
  if (!newest) {
    const message = `There is no backup in ${config.backupDirectory}`;
    const isAhead = all.length > 0 ? " but of times that are yet to come" : "";
    return [{ check, status: "warning", message: message + isAhead, advice }];
  }
  const message = `The newest of ${backups.length} backups is of ${newest.madeAt.toISOString()}`;
  const isLate = now - newest.madeAt.getTime() > LATE_DAYS * DAY_MS;
  return [isLate ? { check, status: "warning", message, advice } : { check, status: "ok", message }];
}
