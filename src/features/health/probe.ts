import { withinTime } from "../../time-limit.ts";

/** How long a store that took a write counts as one that does, in ms, and how long one is waited for. */
const GOOD_MS = 10_000;
const LIMIT_MS = 2000;

/** Asks a store for a write, at most one at a time and none soon after one that was taken: whether it takes any. */
export function createProbe(write: () => Promise<unknown>): () => Promise<boolean> {
  let tookAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<boolean> | undefined;

  async function ask(): Promise<boolean> {
    try {
      await write();
      tookAt = performance.now();
      return true;
    } catch {
      return false;
    } finally {
      underWay = undefined;
    }
  }

  return async () => {
    if (performance.now() - tookAt < GOOD_MS) return true;
    underWay ??= ask();
    return withinTime(underWay, LIMIT_MS, () => false);
  };
}

/** Whether it answers, in time. */
export function answers(asking: Promise<unknown>): Promise<boolean> {
  const answered = asking.then(
    () => true,
    () => false,
  );
  return withinTime(answered, LIMIT_MS, () => false);
}
