import { dirname } from "node:path";
import Database from "libsql";
import { refuseDuringRestore } from "../backup/swap.ts";
import type { Config } from "../config.ts";
import { BUSY_TIMEOUT_MS } from "../db/busy-timeout.ts";
import { lockDataDirectory } from "../db/data-lock.ts";
import { type LocalFile, localFiles } from "../db/local-files.ts";
import { HOW_TO_GO_ON, lostDatabase } from "../db/lost-database.ts";
import { keepLog, removeFile } from "../db/new-file.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";
import { fileSize, freeBytes } from "../file-system.ts";
import { LOST_AND_FOUND } from "../salvage/amend-database.ts";
import type { TableSalvage } from "../salvage/rows.ts";
import { salvageBuffer, salvageDatabase } from "../salvage/salvage.ts";
import { problemsOf } from "./check-files.ts";
import { megabytes } from "./finding.ts";
import { moveAside, replaceFile } from "./replace-file.ts";
import { requireData } from "./stores.ts";

/** What was done to a file; nothing to a replica that is sound, into whose pages its primary writes. */
export type Repair = { path: string } & (
  | { outcome: "left" }
  | { outcome: "tidied"; bytesFreed: number }
  | { outcome: "salvaged"; kept: string; problems: string[]; tables: Record<string, TableCount> }
  | { outcome: "set-aside"; kept: string; problems: string[] }
);

/**
 * Rows that are in the new file, rows that are known to have been in the old one and are lost, and entries that could not
 * be read or kept, some of which may be copies. What was on pages that are gone altogether is in none of them.
 */
export type TableCount = { salvaged: number; lost: number; unreadable: number };

/**
 * Tidies the files that are sound, and puts salvaged ones in place of those that are damaged, which are kept.
 * @throws Error with a sentence for the operator: a server uses the data, the database is lost, a restore is to be
 * finished, there is not enough room, what was salvaged does not pass the checks. The files are then as they were.
 */
export async function repair(
  config: Config,
  now: () => number,
  onFile: (file: LocalFile) => void = () => {},
): Promise<Repair[]> {
  requireData(config);
  const lock = await lockDataDirectory(config.dataDirectory);
  try {
    refuseUnclear(config);
    const repairs: Repair[] = [];
    for (const file of localFiles(config)) {
      onFile(file);
      repairs.push(await repairFile(file, localFiles(config), now()));
    }
    return repairs;
  } finally {
    lock.release();
  }
}

/** There is nothing to repair where the files are not those that they ought to be. */
function refuseUnclear(config: Config): void {
  refuseDuringRestore(config.dataDirectory);
  const lost = lostDatabase(config);
  if (lost !== undefined) throw new Error(`${lost}. ${HOW_TO_GO_ON}`);
}

async function repairFile(file: LocalFile, files: LocalFile[], now: number): Promise<Repair> {
  const { kind, path } = file;
  const problems = problemsOf(file);
  const time = new Date(now);
  if (kind === "replica") {
    if (problems.length === 0) return { path, outcome: "left" };
    // Its primary has everything: the server makes a new one of that.
    return { path, outcome: "set-aside", kept: await moveAside(path, time), problems };
  }
  if (problems.length === 0) return { path, outcome: "tidied", bytesFreed: await tidy(path) };

  await requireRoom(path, fileSize(path) + fileSize(`${path}-wal`));
  const target = `${path}.salvaging`;
  removeFile(target);
  try {
    const database = files.find((file) => file.kind === "database")?.path;
    const tables =
      kind === "database"
        ? salvageDatabase(path, target, now)
        : salvageBuffer(path, target, { now, owner: onlyUser(database) ?? LOST_AND_FOUND });
    const remaining = problemsOf({ kind, path: target });
    if (remaining.length > 0)
      throw new Error(`What was salvaged from ${path} is not sound: ${remaining[0]}.`);
    if (kind === "buffer" && database) addLostAndFound(database, target, now);
    keepLog(target);
    return {
      path,
      outcome: "salvaged",
      kept: await replaceFile(path, target, time),
      problems,
      tables: countsOf(tables),
    };
  } finally {
    removeFile(target);
  }
}

/** A row when all pages are in use and of a file that can give them back step by step. */
const COMPACT =
  "SELECT 1 FROM pragma_freelist_count, pragma_auto_vacuum WHERE freelist_count = 0 AND auto_vacuum = 2";

/**
 * Folds the write-ahead log in, and where there is room for that, gives free pages back and makes of a file that
 * was made without auto_vacuum one that can go on doing so. Resolves to the bytes that freed.
 */
async function tidy(path: string): Promise<number> {
  const before = fileSize(path) + fileSize(`${path}-wal`);
  const free = await freeBytes(dirname(path));
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    const run = (statement: string) => database.prepare(statement).all();
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.exec("ANALYZE");
    const isCompact = rowsOf(database, COMPACT).length > 0;
    // It writes everything twice, into the log and then into the file.
    if (!isCompact && free > 2 * before) {
      database.exec("PRAGMA auto_vacuum = INCREMENTAL");
      database.exec("VACUUM");
    }
    run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
  return Math.max(0, before - fileSize(path));
}

async function requireRoom(path: string, bytes: number): Promise<void> {
  if ((await freeBytes(dirname(path))) > bytes) return;
  throw new Error(
    `Salvaging ${path} takes ${megabytes(bytes)} of free disk. Make room, or copy the data to another disk and set DATA_DIR.`,
  );
}

/** Whose everything is where there is only one account. */
function onlyUser(databasePath: string | undefined): string | undefined {
  if (databasePath === undefined) return undefined;
  const database = openReadOnly(databasePath);
  try {
    const [user, another] = rowsOf<{ id: string }>(database, "SELECT id FROM users LIMIT 2");
    return another ? undefined : user?.id;
  } finally {
    database.close();
  }
}

/** Streams of nobody are deleted some day, unless there is somebody to have them. */
function addLostAndFound(databasePath: string, bufferPath: string, now: number): void {
  const buffer = openReadOnly(bufferPath);
  const streams = rowsOf(buffer, "SELECT 1 FROM stream WHERE owner = ?", LOST_AND_FOUND);
  buffer.close();
  if (streams.length === 0) return;
  const database = new Database(databasePath, { timeout: BUSY_TIMEOUT_MS });
  database
    .prepare("INSERT OR IGNORE INTO users (id, email, created_at, updated_at) VALUES (?, ?, ?, ?)")
    .run([LOST_AND_FOUND, `${LOST_AND_FOUND}@localhost`, now, now]);
  database.close();
}

function countsOf(tables: ReadonlyMap<string, TableSalvage>): Record<string, TableCount> {
  return Object.fromEntries(
    [...tables].map(([name, { salvaged, remains, unusable }]) => [
      name,
      { salvaged, lost: remains.length, unreadable: unusable },
    ]),
  );
}
