import { dayAt } from "./calendar.ts";

/** Functional threshold power in W, and since when, in epoch ms. */
export type FtpEntry = { ftp: number; effectiveFrom: number };

/**
 * The FTP on the day of an instant in epoch ms: one that takes effect in the evening holds for that morning's ride
 * too. Null before the first. `history` newest first, days by the rider's time zone.
 */
export function ftpInForce(history: readonly FtpEntry[], time: number, timeZone: string): number | null {
  const day = dayAt(time, timeZone);
  return history.find(({ effectiveFrom }) => dayAt(effectiveFrom, timeZone) <= day)?.ftp ?? null;
}
