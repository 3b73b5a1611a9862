import { listBackups } from "../backup/backup-files.ts";
import { hasOwnDatabase } from "../backup/places.ts";
import type { Config } from "../config.ts";
import type { Finding } from "./finding.ts";

const DAY_MS = 86_400_000;
const LATE_DAYS = 2;

/** Whether there is a backup that is no older than two days; nothing where another server keeps the database. */
export async function checkBackups(config: Config, now: number): Promise<Finding[]> {
  if (!hasOwnDatabase(config)) return [];
  const check = "backups";
  const backups = await listBackups(config.backupDirectory);
  const advice = "Run `bpt backup`, and see in the log why the server made none.";
  const [newest] = backups;
  if (!newest) {
    return [{ check, status: "warning", message: `There is no backup in ${config.backupDirectory}`, advice }];
  }
  const message = `The newest of ${backups.length} backups is of ${newest.madeAt.toISOString()}`;
  const isLate = now - newest.madeAt.getTime() > LATE_DAYS * DAY_MS;
  return [isLate ? { check, status: "warning", message, advice } : { check, status: "ok", message }];
}
