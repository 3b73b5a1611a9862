import { Cron } from "croner";

/** A machine has enough to do at its start: only so much later, in ms, is looked for what was missed. */
const FIRST_LOOK_MS = 5 * 60_000;

export interface Timetable {
  /** Does the work if it has come due since it was last begun here. */
  runIfDue(): Promise<void>;
  /** Resolves once the work at hand is over. */
  stop(): Promise<void>;
}

/**
 * Has work done at the times of a cron expression, one at a time. What came due while the process did not run, or the
 * machine slept, is made up for, once.
 * @param work is told when it was due, may find that it has been done already, and must not reject
 */
export function createTimetable(
  pattern: string,
  now: () => number,
  work: (due: Date) => Promise<void>,
): Timetable {
  const times = new Cron(pattern, { paused: true });
  let begun = 0;
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    const [due] = times.previousRuns(1, new Date(now()));
    if (!due || due.getTime() <= begun) return;
    begun = due.getTime();
    await work(due);
  }

  const runIfDue = () => {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };
  const startAt = new Date(Date.now() + FIRST_LOOK_MS);
  // Every minute, since a timer for tomorrow night knows nothing of a machine that sleeps, or a clock that is set.
  const job = new Cron("* * * * *", { unref: true, startAt }, runIfDue);
  return {
    runIfDue,
    async stop() {
      job.stop();
      await running;
    },
  };
}
