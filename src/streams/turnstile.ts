/**
 * Runs `work` when asked to, once at a time and with at least `gap` ms between one start and the next. Who asks
 * before a run starts shares it, so that what was there when somebody asked is always seen by a run after that.
 */
export function createTurnstile(work: () => Promise<void>, gap: number): () => Promise<void> {
  let running = Promise.resolve();
  let waiting: Promise<void> | undefined;
  let lastStart = Number.NEGATIVE_INFINITY;

  async function run(): Promise<void> {
    await running.catch(() => {});
    const pause = lastStart + gap - performance.now();
    if (pause > 0) await Bun.sleep(Math.min(pause, gap));
    waiting = undefined;
    lastStart = performance.now();
    running = work();
    return running;
  }

  return () => {
    waiting ??= run();
    return waiting;
  };
}
