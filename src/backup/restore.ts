import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../config.ts";
import { lockDataDirectory } from "../db/data-lock.ts";
import { createDatabase } from "../db/database.ts";
import { checkIntegrity } from "../db/integrity.ts";
import { DatabaseTooNewError, isMigrated } from "../db/migrate.ts";
import { keepLog, removeFile } from "../db/new-file.ts";
import { openClient } from "../db/open.ts";
import { schemaProblems } from "../doctor/schema-problems.ts";
import { isUsableSecret } from "../features/accounts/secret.ts";
import { makeDirectory } from "../file-system.ts";
import { FORMAT_VERSION, LATEST_ID_TIME, RAISE_IDS, READ_VERSION } from "../streams/embedded-sql.ts";
import { readManifest, unpackBackup } from "./check.ts";
import { countRows, execute, readNumber } from "./database-file.ts";
import { countBytes, type OnBytes, requireSpace } from "./disk.ts";
import { type FileName, fileNames, type Manifest } from "./manifest.ts";
import { type Places, placesOf } from "./places.ts";
import { finishSwap, readyPath, type SwapPlan, swap } from "./swap.ts";

export type Restored = {
  manifest: Manifest;
  /** The directories in which lies what was there before. */
  replaced: string[];
};

/** The latest time in the id of a message that a workout has taken from its stream, epoch ms. */
const LATEST_ARCHIVED = "SELECT max(CAST(archived_through AS INTEGER)) FROM workouts";

/**
 * Puts a backup in the place of the data of an instance that does not run. Nothing is touched until the backup has
 * been unpacked beside it and found sound; what it replaces is kept.
 * @throws Error with a sentence for the operator: a server uses the data, the backup is not sound or too new, no room.
 */
export async function restoreBackup(
  config: Config,
  file: string,
  { now, onBytes }: { now: () => number; onBytes: OnBytes },
): Promise<Restored> {
  const { dataDirectory } = config;
  const places = placesOf(config);
  await makeDirectory(dataDirectory);
  const lock = await lockDataDirectory(dataDirectory);
  try {
    await finishSwap(dataDirectory);
    return await restoreInto(places, dataDirectory, file, { time: new Date(now()), onBytes });
  } finally {
    lock.release();
  }
}

async function restoreInto(
  places: Places,
  dataDirectory: string,
  file: string,
  { time, onBytes }: { time: Date; onBytes: OnBytes },
): Promise<Restored> {
  const ready = (name: FileName) => readyPath(places[name]);
  const clear = () => {
    for (const name of fileNames) removeFile(ready(name));
  };
  // What a restore that was killed has left: its journal would be taken for that of the next file of this name.
  clear();
  const manifest = await makeReady(file, places, { ready, onBytes }).catch((error) => {
    clear();
    throw error;
  });
  const databases = fileNames.filter((name) => manifest.files[name]?.rows);
  const rows = databases.map((name) => countRows(ready(name)));
  // Here, where a kill harms nothing, and not at the first start.
  for (const name of databases) keepLog(ready(name));
  const plan: SwapPlan = {
    replaced: `replaced-${time.toISOString().replaceAll(":", "")}`,
    replace: fileNames.filter((name) => manifest.files[name]).map((name) => places[name]),
    // Rides under way of another time; a secret that is not in the backup is left, since it is good for this one.
    remove: manifest.files["streams.db"] ? [] : [places["streams.db"]],
  };
  await swap(dataDirectory, plan);

  const directories = [...plan.replace, ...plan.remove].map((path) => join(dirname(path), plan.replaced));
  const replaced = [...new Set(directories)].filter((directory) => existsSync(directory));
  for (const [index, name] of databases.entries()) verify(places[name], rows[index] ?? {}, replaced);
  return { manifest, replaced };
}

/** Everything in the backup is then beside its place, sound, on disk, and such that this version can go on with it. */
async function makeReady(
  file: string,
  places: Places,
  { ready, onBytes }: { ready: (name: FileName) => string; onBytes: OnBytes },
): Promise<Manifest> {
  const { files } = await readManifest(file);
  const size = Object.values(files).reduce((sum, { size }) => sum + size, 0);
  await requireSpace(dirname(places["bpt.db"]), size, "what is in the backup");
  const manifest = await unpackBackup(file, ready, countBytes(onBytes, size));
  await refuseNewer(file, manifest, ready);
  await refuseForeign(file, manifest, ready);
  if (files["streams.db"]) raiseIds(places, ready);
  return manifest;
}

async function refuseNewer(file: string, { program, files }: Manifest, ready: (name: FileName) => string) {
  const streamsFormat = files["streams.db"] ? readNumber(ready("streams.db"), READ_VERSION.sql) : 0;
  if (streamsFormat <= FORMAT_VERSION && !(await isDatabaseNewer(ready("bpt.db")))) return;
  throw new Error(
    `${file} was made by a newer version of this program, ${program}. Restore it with that one.`,
  );
}

/** What is not of this program would act with all that it may do: a trigger can make keys, a secret sign in anybody. */
async function refuseForeign(file: string, { files }: Manifest, ready: (name: FileName) => string) {
  const problems = schemaProblems({ kind: "database", path: ready("bpt.db") });
  if (files["bpt.db"]?.rows?.users === undefined) problems.push("it has no accounts");
  if (problems.length > 0) throw notOurs(file, "bpt.db", problems);
  const foreign = files["streams.db"] ? schemaProblems({ kind: "buffer", path: ready("streams.db") }) : [];
  if (foreign.length > 0) throw notOurs(file, "streams.db", foreign);
  if (!files["jwt.secret"]) return;
  const secret = await readFile(ready("jwt.secret"), "utf8");
  if (!isUsableSecret(secret)) throw notOurs(file, "jwt.secret", ["it is too short to sign anything with"]);
}

function notOurs(file: string, name: FileName, problems: string[]): Error {
  return new Error(
    `${file} is not restored: its ${name} is none that this program makes. ${capitalized(problems.join("; "))}.`,
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function isDatabaseNewer(path: string): Promise<boolean> {
  const client = await openClient({ url: `file:${path}`, readOnly: true });
  try {
    await isMigrated(createDatabase(client));
    return false;
  } catch (error) {
    if (error instanceof DatabaseTooNewError) return true;
    throw error;
  } finally {
    client.close();
  }
}

/**
 * Message ids go on from the highest that was ever given out, here or where the backup is from, so that whoever comes
 * back with an id misses nothing and no new sample is taken for one that a workout has already. Mostly the clock alone
 * sees to that; not where it was ahead once, or is behind now.
 */
function raiseIds(places: Places, ready: (name: FileName) => string): void {
  const archived = readNumber(ready("bpt.db"), LATEST_ARCHIVED);
  const latest = Math.max(archived, latestIdTime(ready("streams.db")), latestIdTime(places["streams.db"]));
  execute(ready("streams.db"), RAISE_IDS, [latest + 1]);
}

/** 0 where there is no file, or one that cannot be read, which may be why there is a restore. */
function latestIdTime(path: string): number {
  try {
    return readNumber(path, LATEST_ID_TIME);
  } catch {
    return 0;
  }
}

function verify(path: string, rows: Record<string, number>, replaced: string[]): void {
  const problems = checkIntegrity(path);
  if (!Bun.deepEquals(countRows(path), rows)) problems.push("It has not the rows that it had in the backup.");
  if (problems.length === 0) return;
  throw new Error(
    `${path} was restored and is not sound; the disk may be at fault. ${problems.join(" ")} ` +
      `What was there before is in ${replaced.join(" and ")}.`,
  );
}
