import { desc, eq } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { ftpHistory } from "../../db/schema.ts";
import { dayAt } from "../../domain/calendar.ts";
import { ftpInForce } from "../../domain/ftp.ts";
import { sportGroup } from "../../domain/sport.ts";
import { findTimeZone } from "../accounts/repository.ts";

export type FtpRow = typeof ftpHistory.$inferSelect;

/** Of all sports, newest first; of one day the one that was set last, which is the one that holds. */
export function listFtp(executor: Executor, userId: string): Promise<FtpRow[]> {
  return executor
    .select()
    .from(ftpHistory)
    .where(eq(ftpHistory.userId, userId))
    .orderBy(desc(ftpHistory.effectiveDay), desc(ftpHistory.createdAt), desc(ftpHistory.id));
}

export async function insertFtp(executor: Executor, entry: FtpRow): Promise<void> {
  await executor.insert(ftpHistory).values(entry);
}

/**
 * Resolves to what tells the FTP in W of a ride's sport on the day of a ride that started at a time; null when none had
 * been set.
 */
export async function readFtpHistory(
  executor: Executor,
  userId: string,
): Promise<(time: Date, sport: string) => number | null> {
  const history = await listFtp(executor, userId);
  if (history.length === 0) return () => null;
  const zone = await findTimeZone(executor, userId);
  return (time, sport) => ftpInForce(history, sportGroup(sport), dayAt(time.getTime(), zone));
}

/** The FTP in W of a ride's sport on the day of a ride that started at `time`; null when none had been set. */
export async function findFtpInForce(
  executor: Executor,
  userId: string,
  time: Date,
  sport: string,
): Promise<number | null> {
  const ftpAt = await readFtpHistory(executor, userId);
  return ftpAt(time, sport);
}
