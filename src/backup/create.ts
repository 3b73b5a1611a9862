import { createReadStream } from "node:fs";
import { copyFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { writeArchive } from "../archive.ts";
import type { Config } from "../config.ts";
import { lockFile } from "../db/data-lock.ts";
import { toError } from "../db/errors.ts";
import { isMissing } from "../db/local-files.ts";
import { makeDirectory, sha256Of, syncDirectory } from "../file-system.ts";
import { backupName } from "./backup-files.ts";
import { unpackBackup } from "./check.ts";
import { copyDatabase, countRows, readNumber, sizeOf } from "./database-file.ts";
import { countBytes, type OnBytes, requireSpace } from "./disk.ts";
import { type FileFacts, type FileName, FORMAT, MANIFEST_NAME, type Manifest } from "./manifest.ts";
import { type Places, placesOf } from "./places.ts";
import { releaseArchived } from "./release.ts";
import { refuseDuringRestore } from "./swap.ts";

export type BackupReport = { file: string; bytes: number; durationSeconds: number } & Pick<
  Manifest,
  "startedAt" | "liveBuffer" | "files"
>;

/** Everything that is not yet a backup is in here: what an earlier one, killed, has left goes with the next. */
const WORKSPACE = "bpt-backup.part";

const LAST_MIGRATION = "SELECT max(created_at) FROM __drizzle_migrations";

/**
 * Makes a backup, beside a running server or without one: copies, packs, and checks it by unpacking it. Synchronous in
 * long stretches, so it wants a process of its own.
 * @throws Error with a sentence for the operator; then the directory is as it was.
 */
export async function createBackup(
  config: Config,
  directory: string,
  { now, onBytes }: { now: () => number; onBytes: OnBytes },
): Promise<BackupReport> {
  const places = placesOf(config);
  refuseDuringRestore(config.dataDirectory);
  if (isMissing(places["bpt.db"]))
    throw new Error(`There is no database at ${places["bpt.db"]}. Set DATA_DIR.`);
  await makeBackupDirectory(directory);
  const lock = await lockFile(
    join(directory, "bpt-backup.lock"),
    `Another backup is being made in ${directory}.`,
  );
  const workspace = join(directory, WORKSPACE);
  try {
    await rm(workspace, { recursive: true, force: true });
    await makeDirectory(workspace);
    return await createIn(workspace, { config, places, directory, now, onBytes });
  } catch (cause) {
    throw new Error(`No backup was made in ${directory}. ${toError(cause).message}`, { cause });
  } finally {
    await rm(workspace, { recursive: true, force: true });
    lock.release();
  }
}

async function makeBackupDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new Error(`There can be no backups in ${directory}: ${NO_DIRECTORY[code] ?? message}.`, { cause });
  }
}

const NO_DIRECTORY: Record<string, string> = {
  EEXIST: "it is a file",
  ENOTDIR: "it is below a file",
  EACCES: "this user may not make it",
  EROFS: "nothing can be written there",
};

type Job = { config: Config; places: Places; directory: string; now: () => number; onBytes: OnBytes };

async function createIn(workspace: string, job: Job): Promise<BackupReport> {
  const { config, places, directory, now, onBytes } = job;
  const names = namesOf(config, places);
  const size = names.filter(isDatabase).reduce((sum, name) => sum + sizeOf(places[name]), 0);
  // First the copies and the archive, then the archive and what is unpacked from it.
  await requireSpace(directory, 2 * size, "a backup");

  const began = performance.now();
  const startedAt = new Date(now());
  const copyOf = (name: FileName) => join(workspace, name);
  for (const name of names) {
    if (isDatabase(name)) copyDatabase(places[name], copyOf(name));
    else await copyFile(places[name], copyOf(name));
  }
  if (names.includes("streams.db")) releaseArchived(copyOf("streams.db"), copyOf("bpt.db"));
  const manifest: Manifest = {
    format: FORMAT,
    program: packageJson.version,
    startedAt: startedAt.toISOString(),
    migration: readNumber(copyOf("bpt.db"), LAST_MIGRATION),
    liveBuffer: config.redis ? "redis" : "embedded",
    files: {},
  };
  for (const name of names) manifest.files[name] = await factsOf(name, copyOf(name));

  // Copied, which gives no sign of life, then packed and unpacked.
  const copied = Object.values(manifest.files).reduce((sum, { size }) => sum + size, 0);
  const count = countBytes(onBytes, 3 * copied);
  count(copied);
  const archive = join(workspace, "archive");
  await writeArchive(archive, async (add) => {
    await add(MANIFEST_NAME, Buffer.from(JSON.stringify(manifest, null, 2)));
    for (const [name, { size }] of Object.entries(manifest.files)) {
      await add(name, { size, chunks: piecesOf(copyOf(name as FileName), count) });
    }
  });
  for (const name of names) await rm(copyOf(name));
  await unpackBackup(archive, copyOf, count);

  const file = join(directory, backupName(startedAt));
  const { size: bytes } = await stat(archive);
  await rename(archive, file);
  await syncDirectory(directory);
  const { liveBuffer, files } = manifest;
  const durationSeconds = (performance.now() - began) / 1000;
  return { file, bytes, durationSeconds, startedAt: manifest.startedAt, liveBuffer, files };
}

async function* piecesOf(path: string, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(path)) {
    onBytes(piece.byteLength);
    yield piece;
  }
}

/**
 * In the order in which they are copied. The buffer goes first: a ride that is completed meanwhile leaves it only once
 * the database has it, so that a sample is in at least one of the copies. The other way round it could be in neither.
 */
function namesOf({ redis }: Config, places: Places): FileName[] {
  const names: FileName[] = redis ? ["bpt.db", "jwt.secret"] : ["streams.db", "bpt.db", "jwt.secret"];
  return names.filter((name) => !isMissing(places[name]));
}

function isDatabase(name: FileName): boolean {
  return name.endsWith(".db");
}

async function factsOf(name: FileName, path: string): Promise<FileFacts> {
  const { size } = await stat(path);
  const sha256 = await sha256Of(createReadStream(path));
  return isDatabase(name) ? { size, sha256, rows: countRows(path) } : { size, sha256 };
}
