import { Cron } from "croner";

const MINUTE_MS = 60_000;

/** A machine has enough to do at its start: only so much later is looked for what was missed. */
const FIRST_LOOK_MS = 5 * MINUTE_MS;

/** What could not be done is tried again after so long. */
const RETRY_MS = 60 * MINUTE_MS;

export interface Timetable {
  /** Does the work if it has come due since it was last begun here, or is to be tried again. */
  runIfDue(): Promise<void>;
  /** Resolves once the work at hand is over. */
  stop(): Promise<void>;
}

/**
 * Has work done at the times of a cron expression, one at a time. What came due while the process did not run, or the
 * machine slept, is made up for, once.
 * @param work is told when it was due, may find that it has been done already, resolves to whether it need not be
 * tried again before it is next due, and must not reject
 */
export function createTimetable(
  pattern: string,
  now: () => number,
  work: (due: Date) => Promise<boolean>,
): Timetable {
  const times = new Cron(pattern, { paused: true });
  let last = { due: 0, at: 0, isDone: true };
  let running: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout>;

  async function look(): Promise<void> {
    const at = now();
    const [due] = times.previousRuns(1, new Date(at));
    if (!due || isSettled(due.getTime(), at)) return;
    last = { due: due.getTime(), at, isDone: false };
    last.isDone = await work(due);
  }

  /** What was due later than it is now was begun by a clock that was ahead, and counts for nothing. */
  function isSettled(due: number, time: number): boolean {
    if (due > last.due || last.due > time) return false;
    return last.isDone || Math.abs(time - last.at) < RETRY_MS;
  }

  const runIfDue = () => {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  };
  // Looks now and then, since a timer for tomorrow night knows nothing of a machine that sleeps, or a clock that is set.
  const lookAfter = (delay: number) => {
    timer = setTimeout(() => {
      runIfDue();
      lookAfter(MINUTE_MS);
    }, delay).unref();
  };
  lookAfter(FIRST_LOOK_MS);
  return {
    runIfDue,
    async stop() {
      clearTimeout(timer);
      await running;
    },
  };
}
