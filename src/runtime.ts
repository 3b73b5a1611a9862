import { type Backups, scheduleBackups } from "./backup/schedule.ts";
import { finishSwap } from "./backup/swap.ts";
import { type Clock, createClock, machineTime, type TimeSource } from "./clock.ts";
import type { Config } from "./config.ts";
import type { DamageWatch } from "./db/damage.ts";
import { lockDataDirectory } from "./db/data-lock.ts";
import { createDatabase, type Database } from "./db/database.ts";
import { forOperator } from "./db/errors.ts";
import { createLeases, type Leases } from "./db/lease.ts";
import { migrateDatabase } from "./db/migrate.ts";
import { closeClient } from "./db/open.ts";
import { ReplicaClient } from "./db/replica.ts";
import { type Authenticator, createAuthenticator } from "./features/accounts/authenticator.ts";
import { scheduleErasure } from "./features/accounts/erasure.ts";
import { loadSecret, loadSharedSecret } from "./features/accounts/secret.ts";
import { type Rederivation, scheduleRederivation } from "./features/workouts/rederivation.ts";
import { findIdAfterArchived, findNewestChange, keepTrashAnew } from "./features/workouts/repository.ts";
import { endRideThread, letGoOfRideThread } from "./features/workouts/ride-thread-client.ts";
import { scheduleSweep } from "./features/workouts/sweep.ts";
import { makeDirectory } from "./file-system.ts";
import type { Job } from "./job.ts";
import { type Logger, outsideRequests } from "./logger.ts";
import { scheduleMaintenance } from "./maintenance.ts";
import { createMetrics, type Metrics } from "./metrics/metrics.ts";
import { openStores } from "./stores.ts";
import type { StreamBuffer } from "./streams/buffer.ts";
import { createHub, type Hub } from "./streams/hub.ts";
import { createIdleness, type Idleness } from "./streams/idleness.ts";
import type { RedisWatch } from "./streams/redis-watch.ts";
import { withinTime } from "./time-limit.ts";

/** Everything the app is built on, made once; the app itself opens nothing. */
export type Deps = {
  config: Config;
  database: Database;
  /** Where the database is a replica: whether it is in step with its primary. */
  primary: { readonly isInStep: boolean } | undefined;
  buffer: StreamBuffer;
  /** Where the buffer is in Redis: what of its settings may cost samples. */
  redis: Pick<RedisWatch, "risks" | "isEvicting"> | undefined;
  damage: DamageWatch;
  hub: Hub;
  authenticator: Authenticator;
  /** Of what deleted accounts have left. */
  erasure: Job;
  leases: Leases;
  rederivation: Rederivation;
  backups: Backups;
  metrics: Metrics;
  clock: Clock;
  idleness: Idleness;
  /** What the clock reads, epoch ms: for what is written down. What ends for its age goes by `clock`. */
  now: () => number;
  log: Logger;
};

export type Runtime = {
  deps: Deps;
  /**
   * Ends listeners, commits what is waiting, folds the write-ahead logs in, closes the files. What waits for a remote
   * database may take until `deadline`, by performance.now(); else for as long as is configured.
   * @throws Error when a disk does not let it finish soon after that: the process is then to end, and loses nothing.
   */
  close(deadline?: number): Promise<void>;
};

/**
 * @throws Error with a sentence for the operator when the data cannot be opened: another server uses it, it is damaged,
 * it was written by a newer version, the directory cannot be written.
 */
export async function createRuntime(
  config: Config,
  log: Logger,
  source: TimeSource = machineTime,
): Promise<Runtime> {
  await makeDirectory(config.dataDirectory);
  const lock = await lockDataDirectory(config.dataDirectory);
  try {
    if (await finishSwap(config.dataDirectory)) log.info("a restore that was interrupted has been finished");
    return await assemble(config, { log, source, release: lock.release });
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function assemble(
  config: Config,
  { log, source, release }: { log: Logger; source: TimeSource; release: () => void },
): Promise<Runtime> {
  const metrics = createMetrics();
  const { now } = source;
  const { client, buffer, redis, damage, stopChecks } = await openStores(config, { metrics, log, now });
  const database = createDatabase(client);
  const secret = await prepare(database, config, log);
  // A buffer that is new must not give an id again up to which a finished ride covers a stream's messages.
  buffer.advance(await findIdAfterArchived(database));
  const hub = createHub(buffer, (error) =>
    outsideRequests(() => log.error({ err: error }, "live data could not be read")),
  );
  // A file has one server at a time, which after a restart has its leases still.
  const holder = isShared(config) ? Bun.randomUUIDv7() : "the server of this file";
  const leases = createLeases(database, holder);
  const clock = await createClock({
    dataDirectory: config.dataDirectory,
    source,
    newestRecord: () => findNewestChange(database),
    onConfirmed: (wrong) => keepTrashAnew(database, wrong),
    log,
  });
  const deps: Deps = {
    config,
    database,
    primary: client instanceof ReplicaClient ? client : undefined,
    buffer,
    redis,
    damage,
    hub,
    authenticator: createAuthenticator({ config, database, secret, clock, log }),
    erasure: scheduleErasure({ database, leases, log }),
    leases,
    rederivation: scheduleRederivation({ database, damage, leases, now, log }),
    backups: scheduleBackups({ config, leases, clock, now, log }),
    metrics,
    clock,
    idleness: createIdleness(clock),
    now,
    log,
  };
  const jobs = [
    deps.erasure,
    deps.rederivation,
    deps.backups,
    scheduleSweep(deps),
    scheduleMaintenance(deps),
  ];

  async function closeAll(deadline: number): Promise<void> {
    stopChecks();
    // What still waits for a remote database, or for a long ride, then fails: neither keeps anybody from stopping.
    const remote = client.protocol === "file" ? undefined : client;
    const abandon = () => {
      remote?.close();
      endRideThread();
    };
    const timer = setTimeout(abandon, Math.max(0, deadline - performance.now()));
    await Promise.all(jobs.map((job) => job.stop()));
    await clock.stop();
    hub.close();
    await deps.authenticator.close();
    await buffer.close();
    await closeClient(client);
    clearTimeout(timer);
    letGoOfRideThread();
    release();
  }

  return {
    deps,
    async close(deadline = graceEnd(config)) {
      const end = Math.max(deadline, performance.now()) + CLOSING_MS;
      await withinTime(closeAll(deadline), end - performance.now(), () => {
        const message =
          "The disk did not let the service close its files in time. What was acknowledged is in them, and the next start goes on from there.";
        log.error(message);
        throw new Error(message);
      });
    },
  };
}

/** How long closing may take beyond the grace, in ms, since requests may have taken all of that. */
const CLOSING_MS = 1000;

/** When what is under way at a stop that begins now must have finished, by performance.now(). */
export function graceEnd({ shutdownGraceSeconds }: Config): number {
  return performance.now() + shutdownGraceSeconds * 1000;
}

/** Brings the database to this program's schema; resolves to what access tokens are signed with. */
async function prepare(database: Database, config: Config, log: Logger): Promise<string> {
  try {
    await migrateDatabase(database, log);
    return config.jwtSecret ?? (await findSecret(config, database));
  } catch (error) {
    throw forOperator(error);
  }
}

/** Kept where all instances that take each other's tokens find it. */
function findSecret(config: Config, database: Database): Promise<string> {
  return isShared(config) ? loadSharedSecret(database) : loadSecret(config.dataDirectory);
}

/** Whether other instances may use the database too. */
function isShared({ databaseUrl, primary }: Config): boolean {
  return primary !== undefined || !databaseUrl.startsWith("file:");
}
