import type { Histogram } from "./histogram.ts";

const EVERY_MS = 100;

/**
 * Notes from now on by how many seconds a timer comes late. An own one: those of perf_hooks.monitorEventLoopDelay
 * can only be read and reset, so that two who ask would each get a part.
 */
export function watchEventLoop(delay: Histogram): void {
  let due = performance.now() + EVERY_MS;
  const timer = setInterval(() => {
    const time = performance.now();
    delay.observe(Math.max(0, time - due) / 1000);
    due = time + EVERY_MS;
  }, EVERY_MS);
  timer.unref();
}
