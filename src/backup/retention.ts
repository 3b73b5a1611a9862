/** Of the last so many days, weeks and months that have a backup, the last one of each is kept. */
const DAYS = 7;
const WEEKS = 4;
const MONTHS = 12;

const DAY_MS = 86_400_000;

type Made = { madeAt: Date };

/**
 * Those that need not be kept any longer; never the newest. Days, weeks (from Monday) and months are those of UTC. Those
 * dated after `now`, epoch ms, by a clock that was ahead, are gone over by themselves: they take no other's place.
 */
export function expired<Backup extends Made>(backups: readonly Backup[], now: number): Backup[] {
  const isPast = ({ madeAt }: Backup) => madeAt.getTime() <= now;
  const ahead = backups.filter((backup) => !isPast(backup));
  return [...superseded(ahead), ...superseded(backups.filter(isPast))];
}

function superseded<Backup extends Made>(backups: readonly Backup[]): Backup[] {
  const newestFirst = backups.toSorted((a, b) => b.madeAt.getTime() - a.madeAt.getTime());
  const kept = new Set([
    ...lastOfEach(newestFirst, DAYS, dayOf),
    ...lastOfEach(newestFirst, WEEKS, weekOf),
    ...lastOfEach(newestFirst, MONTHS, monthOf),
  ]);
  return newestFirst.filter((backup) => !kept.has(backup));
}

function lastOfEach<Backup extends Made>(
  newestFirst: Backup[],
  count: number,
  periodOf: (time: Date) => number,
): Backup[] {
  const last = new Map<number, Backup>();
  for (const backup of newestFirst) {
    const period = periodOf(backup.madeAt);
    if (!last.has(period)) last.set(period, backup);
  }
  return [...last.values()].slice(0, count);
}

function dayOf(time: Date): number {
  return Math.floor(time.getTime() / DAY_MS);
}

/** The first day of 1970 was a Thursday. */
function weekOf(time: Date): number {
  return Math.floor((dayOf(time) + 3) / 7);
}

function monthOf(time: Date): number {
  return time.getUTCFullYear() * 12 + time.getUTCMonth();
}
