import { createDatabase } from "../../src/db/database.ts";
import { closeClient, openClient } from "../../src/db/open.ts";
import { apiKeys, users } from "../../src/db/schema.ts";
import { sha256 } from "../../src/features/accounts/tokens.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startSqld } from "../support/sqld.ts";
import { startUpstashFront, type UpstashFront } from "../support/upstash-front.ts";
import type { Instance } from "./club.ts";

/** An instance as riders know it, and as a process to be killed. */
type ServerInstance = Instance & { server: TestServer };

/** Real processes all, but for the HTTP front of Redis, whose counters are read here. */
export type Stage = {
  redis: RedisServer;
  front: UpstashFront;
  databaseUrl: string;
  instances: readonly [ServerInstance, ServerInstance];
};

/** Two instances, each with a data directory of its own, on one Redis and one remote database that is empty. */
export async function setUp(stack: AsyncDisposableStack): Promise<Stage> {
  // With `always`, what Redis has acknowledged survives its end at any moment.
  const redis = stack.use(await startRedis({ fsync: "always" }));
  const front = stack.use(startUpstashFront({ redisUrl: redis.url, token: "club" }));
  const database = stack.use(await startSqld());
  const environment = {
    DATABASE_URL: database.url,
    UPSTASH_REDIS_REST_URL: front.url,
    UPSTASH_REDIS_REST_TOKEN: front.token,
    REGISTRATION: "open",
  };
  const start = async () => stack.use(await startServer({ environment }));
  // At once, so that one migrates while the other waits.
  const [first, second] = await Promise.all([start(), start()]);
  return { redis, front, databaseUrl: database.url, instances: [named("A", first), named("B", second)] };
}

function named(name: string, server: TestServer): ServerInstance {
  return {
    name,
    server,
    get url() {
      return server.url;
    },
  };
}

/** Puts riders straight into the database, since hashing so many passwords would take long; resolves to their API keys. */
export async function enrol(databaseUrl: string, count: number): Promise<string[]> {
  const createdAt = new Date();
  const riders = Array.from({ length: count }, () => ({
    userId: Bun.randomUUIDv7(),
    apiKey: `bpt_${Bun.randomUUIDv7()}`,
  }));
  const client = await openClient({ url: databaseUrl });
  const database = createDatabase(client);
  await database.insert(users).values(
    riders.map(({ userId }) => ({
      id: userId,
      email: `${userId}@example.org`,
      createdAt,
      updatedAt: createdAt,
    })),
  );
  await database.insert(apiKeys).values(
    riders.map(({ userId, apiKey }) => ({
      id: Bun.randomUUIDv7(),
      userId,
      keyHash: sha256(apiKey),
      name: "phone",
      prefix: apiKey.slice(0, 12),
      createdAt,
    })),
  );
  await closeClient(client);
  return riders.map(({ apiKey }) => apiKey);
}
