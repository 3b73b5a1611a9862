import { setImmediate } from "node:timers/promises";
import { isDamage, isStoreFailure } from "../../db/errors.ts";
import { scheduleJob } from "../../job.ts";
import type { Deps } from "../../runtime.ts";
import { withinTime } from "../../time-limit.ts";
import { rederive } from "./rederive.ts";
import { listStale, markOutdated, unmarkStale } from "./stale.ts";

/** The background job that makes again whatever of the finished rides is stale. */
export interface Rederivation {
  /** Has a rider's stale rides made again ahead of those of others; resolves when they are, or after two seconds. */
  run(userId: string): Promise<void>;
  /** Lets the ride at hand be finished. */
  stop(): Promise<void>;
}

/** Who has made rides stale is kept waiting for so long, in ms, to find everything up to date after the answer. */
const PATIENCE_MS = 2000;

/** Rides taken at once: whoever asks meanwhile waits for no more. */
const PAGE = 20;

/** Runs at once and every ten minutes, on one instance at a time, and on this one whenever asked. */
export function scheduleRederivation(
  deps: Pick<Deps, "database" | "damage" | "leases" | "now" | "log">,
): Rederivation {
  const { database, damage, log } = deps;
  /** Riders who wait, in the order in which they asked. */
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  let running: Promise<void> | undefined;
  /** Whether this instance is the one that sees to the rides of all riders, not only of those who wait here. */
  let isForAll = false;
  let stopped = false;

  async function work(): Promise<void> {
    let done = 0;
    let changed = 0;
    try {
      while (!stopped) {
        const [userId] = waiting.keys();
        if (userId === undefined && !isForAll) break;
        const ids = await listStale(database, { userId }, PAGE);
        for (const id of ids) {
          if (stopped) return;
          if (await remake(id)) changed += 1;
          done += 1;
          await setImmediate();
        }
        if (ids.length > 0) continue;
        if (userId === undefined) break;
        settle(userId);
      }
    } catch (error) {
      log.error({ err: error }, "the rides that are stale could not be derived and will be tried again");
      for (const userId of waiting.keys()) settle(userId);
    }
    if (done > 0) log.info({ done, changed }, "rides derived again");
  }

  /** Resolves to whether anything is different now. */
  async function remake(workoutId: string): Promise<boolean> {
    try {
      return (await rederive(deps, workoutId, { anew: false })).length > 0;
    } catch (error) {
      // A stop that has waited long enough for a long ride is not the ride's fault.
      if (stopped || isStoreFailure(error)) throw error;
      if (isDamage(error)) damage.noteRide(workoutId);
      log.error({ err: error, workoutId }, "a ride cannot be derived again and stays as it is");
      await unmarkStale(database, workoutId);
      return false;
    }
  }

  function settle(userId: string): void {
    waiting.get(userId)?.resolve();
    waiting.delete(userId);
  }

  function start(): Promise<void> {
    running ??= work().finally(() => {
      running = undefined;
      // Somebody may have asked just as the work was over.
      if (waiting.size > 0 && !stopped) start();
    });
    return running;
  }

  const marked = markOutdated(database).catch((error: unknown) =>
    log.error({ err: error }, "the rides made by earlier definitions could not be looked for"),
  );
  const job = scheduleJob(deps, "rederivation", async () => {
    await marked;
    isForAll = true;
    try {
      await start();
    } finally {
      isForAll = false;
    }
  });
  return {
    async run(userId) {
      const finished = waiting.get(userId) ?? Promise.withResolvers<void>();
      waiting.set(userId, finished);
      marked.then(start);
      await withinTime(finished.promise, PATIENCE_MS, () => {});
    },
    async stop() {
      stopped = true;
      for (const userId of waiting.keys()) settle(userId);
      await job.stop();
      await running;
    },
  };
}
