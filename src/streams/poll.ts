/**
 * How often a buffer that is shared is asked for what other instances have stored, in ms: often while data flows and
 * ever more seldom as it stands still, by a share of how long it has.
 */
const SHORTEST_MS = 250;
const LONGEST_MS = 5000;
const SHARE = 1 / 20;

/** How soon what failed is tried again, in ms. */
export const RETRY_MS = 1000;

export interface Poll {
  /** Notes that data came, or somebody who waits for it. */
  active(): void;
  /** Looks again after the usual time, or the one that is given in ms; no later than was planned already. */
  plan(delay?: number): void;
  /** Forgets what was planned. */
  stop(): void;
}

/** Calls `look` when it is time; that has to plan the next. */
export function createPoll(look: () => void): Poll {
  let lastActive = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = Number.POSITIVE_INFINITY;

  function stop(): void {
    clearTimeout(timer);
    due = Number.POSITIVE_INFINITY;
  }

  return {
    active() {
      lastActive = performance.now();
    },
    plan(delay) {
      const time = performance.now();
      const usual = Math.min(Math.max((time - lastActive) * SHARE, SHORTEST_MS), LONGEST_MS);
      const planned = time + (delay ?? usual);
      // Never put off: listeners that come one after another would keep those that are there waiting.
      if (planned >= due) return;
      stop();
      due = planned;
      timer = setTimeout(look, planned - time).unref();
    },
    stop,
  };
}
