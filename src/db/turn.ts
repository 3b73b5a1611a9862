import { setImmediate } from "node:timers/promises";

/** How long local calls, which are synchronous under their promises, may keep the event loop from turning. */
const LONGEST_TURN_MS = 8;

/**
 * A function to await ahead of each of many synchronous calls: now and then it lets the event loop turn. Of those who
 * wait for that, be they a thousand, so many go on in the next turn as fit.
 */
export function createTurns(): () => Promise<void> {
  let began = performance.now();
  let next: Promise<void> | undefined;

  async function turn(): Promise<void> {
    await setImmediate();
    began = performance.now();
    next = undefined;
  }

  return async () => {
    while (performance.now() - began > LONGEST_TURN_MS) {
      next ??= turn();
      await next;
    }
  };
}
