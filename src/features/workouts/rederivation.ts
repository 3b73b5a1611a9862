import { setImmediate } from "node:timers/promises";
import { Cron } from "croner";
import type { Deps } from "../../runtime.ts";
import { rederive } from "./rederive.ts";
import { listStale } from "./stale.ts";

/** The background job that makes again whatever of the finished rides is stale. */
export interface Rederivation {
  /** Resolves when nothing is stale any more, except what could not be made again just now. */
  run(): Promise<void>;
  /** Lets the ride at hand be finished. */
  stop(): Promise<void>;
}

const PROGRESS_EVERY = 100;

/** Runs at once, every ten minutes, and whenever asked. */
export function scheduleRederivation(deps: Pick<Deps, "database" | "now" | "log">): Rederivation {
  const { log } = deps;
  let running: Promise<void> | undefined;
  let requested = false;
  let stopped = false;

  function run(): Promise<void> {
    requested = true;
    running ??= runWhileRequested();
    return running;
  }

  async function runWhileRequested(): Promise<void> {
    while (requested && !stopped) {
      requested = false;
      await remakeStale().catch((error: unknown) =>
        log.error({ err: error }, "rides could not be derived again and will be tried again"),
      );
    }
    running = undefined;
  }

  async function remakeStale(): Promise<void> {
    const ids = await listStale(deps.database, {});
    if (ids.length > 0) log.info({ rides: ids.length }, "rides are being derived again");
    let done = 0;
    let changed = 0;
    for (const workoutId of ids) {
      if (stopped) return;
      // A ride that fails does not keep the others out.
      const changes = await rederive(deps, workoutId).catch((error: unknown) => {
        log.error({ err: error, workoutId }, "a ride could not be derived again and will be tried again");
        return [];
      });
      done += 1;
      if (changes.length > 0) changed += 1;
      if (done % PROGRESS_EVERY === 0 || done === ids.length)
        log.info({ done, rides: ids.length, changed }, "rides derived again");
      await setImmediate();
    }
  }

  const job = new Cron("*/10 * * * *", { unref: true }, run);
  run();
  return {
    run,
    async stop() {
      stopped = true;
      job.stop();
      await running;
    },
  };
}
