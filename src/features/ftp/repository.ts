import { desc, eq } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { ftpHistory } from "../../db/schema.ts";
import { ftpInForce } from "../../domain/ftp.ts";
import { findTimeZone } from "../accounts/repository.ts";

export type FtpRow = typeof ftpHistory.$inferSelect;

/** Newest first. */
export function listFtp(executor: Executor, userId: string): Promise<FtpRow[]> {
  return executor
    .select()
    .from(ftpHistory)
    .where(eq(ftpHistory.userId, userId))
    .orderBy(desc(ftpHistory.effectiveFrom));
}

/** In place of the one that took effect at the same instant, if there was one. */
export async function saveFtp(executor: Executor, entry: FtpRow): Promise<FtpRow> {
  const { ftp, source, createdAt } = entry;
  const [row] = await executor
    .insert(ftpHistory)
    .values(entry)
    .onConflictDoUpdate({
      target: [ftpHistory.userId, ftpHistory.effectiveFrom],
      set: { ftp, source, createdAt },
    })
    .returning();
  if (!row) throw new Error("INSERT … RETURNING gave no row");
  return row;
}

/** Resolves to what tells the FTP in W on the day of a ride that started at a time; null when none had been set. */
export async function readFtpHistory(
  executor: Executor,
  userId: string,
): Promise<(time: Date) => number | null> {
  const history = await listFtp(executor, userId);
  if (history.length === 0) return () => null;
  const entries = history.map(({ ftp, effectiveFrom }) => ({ ftp, effectiveFrom: effectiveFrom.getTime() }));
  const zone = await findTimeZone(executor, userId);
  return (time) => ftpInForce(entries, time.getTime(), zone);
}

/** The FTP in W on the day of a ride that started at `time`; null when none had been set. */
export async function findFtpInForce(executor: Executor, userId: string, time: Date): Promise<number | null> {
  const ftpAt = await readFtpHistory(executor, userId);
  return ftpAt(time);
}
