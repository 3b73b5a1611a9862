import { refuseDuringRestore } from "../backup/swap.ts";
import type { Config } from "../config.ts";
import { lockDataDirectory } from "../db/data-lock.ts";
import { createDatabase, type Database } from "../db/database.ts";
import { forOperator } from "../db/errors.ts";
import { isMissing } from "../db/local-files.ts";
import { isMigrated, migrateDatabase } from "../db/migrate.ts";
import { makeFile } from "../db/new-file.ts";
import { closeClient, openClient } from "../db/open.ts";
import { makeDirectory } from "../file-system.ts";

export type OpenDatabase = AsyncDisposable & { database: Database };

/**
 * The database for a command, beside a server that may be using it. Only while there is none is the database
 * brought to this program's schema: a server must not find it changed under its hands. With `make` one that is not
 * there is made.
 * @throws Error with a sentence for the operator.
 */
export async function openDatabase(config: Config, { make = false } = {}): Promise<OpenDatabase> {
  const { databaseAuthToken: authToken } = config;
  const url = commandUrl(config);
  refuseDuringRestore(config.dataDirectory);
  if (!isThere(url)) {
    if (!make) {
      throw new Error(`There is no database at ${url}. Set DATA_DIR, or make one with \`bpt migrate\`.`);
    }
    await inLockedDirectory(config, async () => {
      // Somebody else may have made it meanwhile.
      if (!isThere(url)) makeFile(url.slice("file:".length));
    });
  }
  const client = await openClient({ url, authToken });
  const database = createDatabase(client);
  try {
    await migrateUnlessServed(config, database);
  } catch (error) {
    client.close();
    throw forOperator(error);
  }
  return { database, [Symbol.asyncDispose]: () => closeClient(client) };
}

/** Not the replica, which is its server's alone to sync, but the database that it is one of. */
export function commandUrl({ databaseUrl, primary }: Config): string {
  return primary?.syncUrl ?? databaseUrl;
}

/** Opening would make a new one, where somebody has only mistyped its place. */
export function isThere(url: string): boolean {
  return !url.startsWith("file:") || !isMissing(url.slice("file:".length));
}

async function migrateUnlessServed(config: Config, database: Database): Promise<void> {
  if (!(await isMigrated(database))) await inLockedDirectory(config, () => migrateDatabase(database));
}

/** @throws Error when a server has it. */
async function inLockedDirectory({ dataDirectory }: Config, work: () => Promise<void>): Promise<void> {
  await makeDirectory(dataDirectory);
  const lock = await lockDataDirectory(dataDirectory);
  await work().finally(lock.release);
}
