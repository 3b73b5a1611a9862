/** Functional threshold power in W, and the day since which it holds, as calendar.ts counts. */
export type FtpEntry = { ftp: number; effectiveDay: number };

/** The FTP on a day, also of a ride earlier that day; null before the first. `history` newest day first. */
export function ftpInForce(history: readonly FtpEntry[], day: number): number | null {
  return history.find(({ effectiveDay }) => effectiveDay <= day)?.ftp ?? null;
}
