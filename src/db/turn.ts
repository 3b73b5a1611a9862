import { setImmediate } from "node:timers/promises";

/** How long local calls, which are synchronous under their promises, may keep the event loop from turning. */
const LONGEST_TURN_MS = 8;

/** A function to await ahead of each of many synchronous calls: now and then it lets the event loop turn. */
export function createTurns(): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began <= LONGEST_TURN_MS) return;
    await setImmediate();
    began = performance.now();
  };
}
