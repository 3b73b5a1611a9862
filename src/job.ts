import type { Deps } from "./runtime.ts";

/** By no calendar, since a clock that is set back would have a job wait. */
const EVERY_MS = 600_000;

/** A job that runs in the background, again and again, on one instance at a time. */
export interface Job {
  /** Runs it now, or waits for the run under way; also resolves when it failed, or another instance is at it. */
  run(): Promise<void>;
  /** Runs it no more, and has a run under way come to an end. */
  stop(): Promise<void>;
}

/**
 * Runs `work` at once and then every ten minutes. A run that fails is logged; the next one tries again. `work` is to
 * end soon after its signal is aborted.
 */
export function scheduleJob(
  { leases, log }: Pick<Deps, "leases" | "log">,
  name: string,
  work: (signal: AbortSignal) => Promise<void>,
): Job {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  async function runAlone(): Promise<void> {
    try {
      await leases.hold(name, () => work(stopping.signal));
    } catch (error) {
      log.error({ err: error, job: name }, "a background job did not get through and will be tried again");
    }
  }

  function run(): Promise<void> {
    running ??= runAlone().finally(() => {
      running = undefined;
    });
    return running;
  }

  void run();
  const timer = setInterval(run, EVERY_MS).unref();
  return {
    run,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
