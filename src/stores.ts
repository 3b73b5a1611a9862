import { join } from "node:path";
import type { Client } from "@libsql/client";
import type { Config } from "./config.ts";
import { checkAtStart } from "./db/check-at-start.ts";
import { createDamageWatch, type DamageWatch } from "./db/damage.ts";
import { isDamage } from "./db/errors.ts";
import { localFiles } from "./db/local-files.ts";
import { HOW_TO_GO_ON, lostDatabase } from "./db/lost-database.ts";
import { openClient, openReplica } from "./db/open.ts";
import { HOW_TO_WRITE, hindrance } from "./db/writable.ts";
import { schemaProblems } from "./doctor/schema-problems.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { watchCommits, watchQueries } from "./metrics/slowness.ts";
import type { StreamBuffer } from "./streams/buffer.ts";
import { openEmbeddedBuffer } from "./streams/embedded.ts";
import type { RedisWatch } from "./streams/redis-watch.ts";

export type Stores = {
  client: Client;
  buffer: StreamBuffer;
  /** Where the buffer is in Redis: what of its settings may cost samples. */
  redis: RedisWatch | undefined;
  /** What is damaged of the files; those of a large one may still be looked at. */
  damage: DamageWatch;
  /** Ends the checks that are still under way. */
  stopChecks(): void;
};

/** How long a request waits for the database to take what it writes, in ms. */
const WRITE_LIMIT_MS = 5000;

type Watch = { metrics: Metrics; log: Logger; now: () => number };

/**
 * Opens the database and the live buffer, wherever the configuration has them.
 * @throws Error with a sentence for the operator when a file is lost, damaged or cannot be opened.
 */
export async function openStores(config: Config, watch: Watch): Promise<Stores> {
  const lost = lostDatabase(config);
  if (lost !== undefined) throw new Error(`${lost}. ${HOW_TO_GO_ON}`);
  const damage = createDamageWatch(watch.log);
  const paths = localFiles(config).map(({ path }) => path);
  for (const path of paths) {
    const hindered = hindrance(path);
    if (hindered !== undefined) throw new Error(`${hindered}. ${HOW_TO_WRITE}`);
  }
  const redis = await openWatch(config, watch);
  const stopChecks = await checkAtStart(paths, damage, watch.log);
  tellForeign(config, watch.log);
  const [client, buffer] = await Promise.all([
    openDatabaseClient(config, damage, watch),
    openBuffer(config, damage, watch),
  ]);
  return {
    client,
    buffer,
    redis,
    damage,
    stopChecks() {
      redis?.stop();
      stopChecks();
    },
  };
}

function openDatabaseClient(
  { databaseUrl, databaseAuthToken, primary }: Config,
  damage: DamageWatch,
  { metrics, log }: Watch,
): Promise<Client> {
  const options = { url: databaseUrl, authToken: databaseAuthToken };
  const hooks = {
    limitMs: WRITE_LIMIT_MS,
    onQuery: watchQueries(metrics, log),
    onSuspect: notingDamage(damage, databaseUrl.slice("file:".length)),
  };
  return primary ? openReplica(options, primary, log, hooks) : openClient(options, hooks);
}

/** It is served all the same: what is not of this program may be its owner's. */
function tellForeign(config: Config, log: Logger): void {
  for (const file of localFiles(config)) {
    const problems = schemaProblems(file);
    if (problems.length === 0) continue;
    log.error(
      { file: file.path, problems },
      "a file is not as this program makes it; `bpt doctor` tells what to do",
    );
  }
}

async function openWatch({ redis }: Config, { log }: Watch): Promise<RedisWatch | undefined> {
  if (!redis) return undefined;
  const { watchRedis } = await import("./streams/redis-watch.ts");
  return watchRedis(redis, log);
}

/** Redis where it is configured; loaded only then, since every start would be slower for it. */
async function openBuffer(
  { redis, dataDirectory, durability }: Config,
  damage: DamageWatch,
  { metrics, log, now }: Watch,
): Promise<StreamBuffer> {
  if (redis) {
    const { openRedisBuffer } = await import("./streams/redis.ts");
    return openRedisBuffer({ ...redis, now });
  }
  const path = join(dataDirectory, "streams.db");
  const onCommit = watchCommits(metrics, log);
  return openEmbeddedBuffer({ path, durability, now, onCommit, onFailure: notingDamage(damage, path) });
}

function notingDamage(damage: DamageWatch, path: string): (error: unknown) => void {
  return (error) => {
    if (isDamage(error)) damage.note(path, error.message);
  };
}
