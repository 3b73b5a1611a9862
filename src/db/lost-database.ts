import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../config.ts";
import { fileSize } from "../file-system.ts";
import { isMissing, ownFiles } from "./local-files.ts";
import { openReadOnly, rowsOf } from "./read-only.ts";

/** What to do when the database is lost. `bpt migrate` is the way to say that it is to begin anew. */
export const HOW_TO_GO_ON =
  "See whether its disk is mounted and DATABASE_URL is right, or restore a backup with `bpt restore`. " +
  "To begin anew instead, without what there was, run `bpt migrate` first.";

/**
 * Where the database ought to be and is not, or is empty, though something beside it tells that there was one; in words.
 * Undefined where all is well, before a first start, and where another server keeps the database. Whoever serves a new
 * one in its place gives the instance to the first who registers.
 */
export function lostDatabase(config: Config): string | undefined {
  const database = ownFiles(config).find(({ kind }) => kind === "database");
  if (!database || !isMissing(database.path)) return undefined;
  const sign = signOfEarlier(database.path, config.dataDirectory);
  if (sign === undefined) return undefined;
  const state = existsSync(database.path) ? "is empty" : "is not there";
  return `${database.path} ${state}, and ${sign} tells that there was a database`;
}

/** The first start makes the secret once there is a database, and nobody has a stream before there are accounts. */
function signOfEarlier(databasePath: string, dataDirectory: string): string | undefined {
  const secret = join(dataDirectory, "jwt.secret");
  const buffer = join(dataDirectory, "streams.db");
  // SQLite deletes the log of a database that is empty, and with it what may yet be saved.
  const log = `${databasePath}-wal`;
  if (fileSize(log) > 0) return nameBeside(log, databasePath);
  if (fileSize(secret) > 0) return nameBeside(secret, databasePath);
  return hasHeldStreams(buffer) ? nameBeside(buffer, databasePath) : undefined;
}

function nameBeside(path: string, databasePath: string): string {
  return dirname(path) === dirname(databasePath) ? `${basename(path)} beside it` : path;
}

function hasHeldStreams(path: string): boolean {
  if (isMissing(path)) return false;
  const database = openReadOnly(path);
  try {
    if (rowsOf(database, "SELECT 1 FROM sqlite_schema WHERE name = 'high_water'").length === 0) return false;
    return rowsOf(database, "SELECT 1 FROM stream UNION ALL SELECT 1 FROM high_water LIMIT 1").length > 0;
  } catch {
    // It is damaged, which an empty one is not.
    return true;
  } finally {
    database.close();
  }
}
