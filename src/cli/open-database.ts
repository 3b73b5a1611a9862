import { existsSync } from "node:fs";
import type { Config } from "../config.ts";
import { lockDataDirectory } from "../db/data-lock.ts";
import { createDatabase, type Database } from "../db/database.ts";
import { isMigrated, migrateDatabase } from "../db/migrate.ts";
import { closeClient, openClient } from "../db/open.ts";

export type OpenDatabase = AsyncDisposable & { database: Database };

/**
 * The database for a command, beside a server that may be using it. Only while there is none is the database
 * brought to this program's schema: a server must not find it changed under its hands.
 * @throws Error with a sentence for the operator.
 */
export async function openDatabase(config: Config): Promise<OpenDatabase> {
  if (!isThere(config.databaseUrl))
    throw new Error(`There is no database at ${config.databaseUrl}. Set DATA_DIR.`);
  const { databaseUrl: url, databaseAuthToken: authToken, durability } = config;
  const client = await openClient({ url, authToken, durability });
  const database = createDatabase(client);
  try {
    await migrateUnlessServed(config, database);
  } catch (error) {
    client.close();
    throw error;
  }
  return { database, [Symbol.asyncDispose]: () => closeClient(client) };
}

/** Opening would make a new one, where somebody has only mistyped its place. */
function isThere(url: string): boolean {
  return !url.startsWith("file:") || existsSync(url.slice("file:".length));
}

async function migrateUnlessServed({ dataDirectory }: Config, database: Database): Promise<void> {
  if (await isMigrated(database)) return;
  const lock = await lockDataDirectory(dataDirectory);
  try {
    await migrateDatabase(database);
  } finally {
    lock.release();
  }
}
