import { and, asc, desc, eq, gt } from "drizzle-orm";
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

/** The one that follows in time. */
export async function findFtpAfter(
  executor: Executor,
  userId: string,
  time: Date,
): Promise<FtpRow | undefined> {
  const [row] = await executor
    .select()
    .from(ftpHistory)
    .where(and(eq(ftpHistory.userId, userId), gt(ftpHistory.effectiveFrom, time)))
    .orderBy(asc(ftpHistory.effectiveFrom))
    .limit(1);
  return row;
}

/** The FTP in W on the day of a ride that started at `time`; null when none had been set. */
export async function findFtpInForce(executor: Executor, userId: string, time: Date): Promise<number | null> {
  const history = await listFtp(executor, userId);
  if (history.length === 0) return null;
  const entries = history.map(({ ftp, effectiveFrom }) => ({ ftp, effectiveFrom: effectiveFrom.getTime() }));
  return ftpInForce(entries, time.getTime(), await findTimeZone(executor, userId));
}
