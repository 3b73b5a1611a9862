/** Functional threshold power in W, the group of sports it is of, and the day since which it holds, as calendar.ts counts. */
export type FtpEntry = { ftp: number; sport: string; effectiveDay: number };

/**
 * The FTP of a group of sports on a day, also of a ride earlier that day; null before the first. `history` newest day
 * first.
 */
export function ftpInForce(history: readonly FtpEntry[], group: string, day: number): number | null {
  return history.find(({ sport, effectiveDay }) => sport === group && effectiveDay <= day)?.ftp ?? null;
}
