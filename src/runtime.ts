import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { lockDataDirectory } from "./db/data-lock.ts";
import { createDatabase, type Database } from "./db/database.ts";
import { migrateDatabase } from "./db/migrate.ts";
import { closeClient, openClient } from "./db/open.ts";
import { type Authenticator, createAuthenticator } from "./features/accounts/authenticator.ts";
import { loadSecret } from "./features/accounts/secret.ts";
import { type Rederivation, scheduleRederivation } from "./features/workouts/rederivation.ts";
import { scheduleSweep } from "./features/workouts/sweep.ts";
import type { Logger } from "./logger.ts";
import type { StreamBuffer } from "./streams/buffer.ts";
import { openEmbeddedBuffer } from "./streams/embedded.ts";
import { createHub, type Hub } from "./streams/hub.ts";

/** Everything the app is built on, made once; the app itself opens nothing. */
export type Deps = {
  config: Config;
  database: Database;
  buffer: StreamBuffer;
  hub: Hub;
  authenticator: Authenticator;
  rederivation: Rederivation;
  /** The clock: epoch milliseconds. */
  now: () => number;
  log: Logger;
};

export type Runtime = {
  deps: Deps;
  /** Ends listeners, commits what is waiting, folds the write-ahead logs in, closes the files. */
  close(): Promise<void>;
};

/**
 * @throws Error with a sentence for the operator when the data cannot be opened: another server uses it, it was
 * written by a newer version, the directory cannot be written.
 */
export async function createRuntime(
  config: Config,
  log: Logger,
  now: () => number = Date.now,
): Promise<Runtime> {
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockDataDirectory(config.dataDirectory);
  const [client, buffer] = await Promise.all([
    openClient({
      url: config.databaseUrl,
      authToken: config.databaseAuthToken,
      durability: config.durability,
    }),
    openEmbeddedBuffer({
      path: join(config.dataDirectory, "streams.db"),
      durability: config.durability,
      now,
    }),
  ]);
  const database = createDatabase(client);
  await migrateDatabase(database);
  const secret = config.jwtSecret ?? (await loadSecret(config.dataDirectory));
  const hub = createHub(buffer, (error) => log.error({ err: error }, "live data could not be read"));
  const authenticator = createAuthenticator({ config, database, secret, now, log });
  const rederivation = scheduleRederivation({ database, now, log });
  const deps: Deps = { config, database, buffer, hub, authenticator, rederivation, now, log };
  const sweep = scheduleSweep(deps);
  return {
    deps,
    async close() {
      await Promise.all([sweep.stop(), rederivation.stop()]);
      hub.close();
      await authenticator.close();
      await buffer.close();
      await closeClient(client);
      lock.release();
    },
  };
}
