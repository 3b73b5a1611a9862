import type { z } from "zod";
import { type ArchiveEntry, readArchive } from "../../archive.ts";
import { toError } from "../../db/errors.ts";
import { nestsTooDeep } from "../../domain/nesting.ts";
import { recordingOf } from "../../domain/recording.ts";
import type { Sample } from "../../domain/sample.ts";
import { readLines } from "../../domain/telemetry-lines.ts";
import { sha256Of } from "../../file-system.ts";
import {
  type ArchivedWorkout,
  FORMAT_VERSION,
  FTP_FILE,
  type FtpEntry,
  ftpFile,
  KEYS_FILE,
  keysFile,
  MANIFEST_FILE,
  type Manifest,
  manifestFile,
  manifestHead,
  PROFILE_FILE,
  type Profile,
  profileFile,
  WORKOUTS_FOLDER,
  workoutFile,
} from "./schemas.ts";

/** In bytes. The manifest has some 200 of each file. */
const LARGEST_MANIFEST = 16 * 2 ** 20;
const LARGEST_FILE = 4 * 2 ** 20;

/** In levels: settings may nest as deep as SQLite takes JSON, since the HTTP interface once let them. */
const DEEPEST_FILE = 1001;

/** A ride of 4 million samples has fewer. They are read in pieces. */
const LARGEST_TELEMETRY = 2 ** 30;

/** A workout as it is in the archive; its samples some thousand at a time, once, none where none were kept. */
export type ArchivedRide = { workout: ArchivedWorkout; samples: AsyncIterable<readonly Sample[]> };

/** What is in an archive, ride by ride; the account comes first. */
export type Content =
  | { kind: "profile"; profile: Profile }
  | { kind: "ftpHistory"; ftpHistory: FtpEntry[] }
  | { kind: "apiKeys"; apiKeys: number }
  | { kind: "ride"; ride: ArchivedRide };

/**
 * Reads all of an archive and holds it against its manifest, without looking into the files.
 * @throws Error with a sentence when it is damaged, not whole, no such archive or of a newer version.
 */
export async function readManifest(path: string): Promise<Manifest> {
  const found = new Map<string, string>();
  let manifest: Manifest | undefined;
  for await (const entry of readArchive(path)) {
    if (entry.name === MANIFEST_FILE) manifest = parseManifest(await entry.bytes(LARGEST_MANIFEST));
    else found.set(entry.name, await sha256Of(entry.chunks));
  }
  if (!manifest) throw new Error(`${path} is no archive of a rider's data: it has no ${MANIFEST_FILE}.`);
  const { files } = manifest;
  const changed = files.find(({ name, sha256 }) => found.get(name) !== sha256);
  if (changed) throw new Error(`${path} is damaged: ${changed.name} is missing or not as it was written.`);
  if (files.length !== found.size) throw new Error(`${path} has files that its manifest does not name.`);
  return manifest;
}

function parseManifest(bytes: Uint8Array): Manifest {
  const { formatVersion, program } = parseFile(MANIFEST_FILE, bytes, manifestHead);
  if (formatVersion <= FORMAT_VERSION) return parseFile(MANIFEST_FILE, bytes, manifestFile);
  throw new Error(`The archive was written by a newer version of this program, ${program}. Import it there.`);
}

/**
 * Reads what is in an archive, one ride in memory at a time, and checks all of it as the HTTP interface would.
 * @throws Error with a sentence that names the file in it that is not as it should be.
 */
export async function* readContents(path: string): AsyncGenerator<Content, void, void> {
  let awaited: ArchivedWorkout | undefined;
  for await (const entry of readArchive(path)) {
    const { name } = entry;
    const bytes = () => entry.bytes(LARGEST_FILE);
    if (awaited) {
      yield { kind: "ride", ride: { workout: awaited, samples: readSamples(awaited, entry) } };
      awaited = undefined;
    } else if (name.startsWith(WORKOUTS_FOLDER)) {
      const workout = parseFile(name, await bytes(), workoutFile);
      if (workout.samples) awaited = workout;
      else yield { kind: "ride", ride: { workout, samples: recordingOf([]).samples() } };
    } else if (name === PROFILE_FILE) {
      yield { kind: "profile", profile: parseFile(name, await bytes(), profileFile) };
    } else if (name === FTP_FILE) {
      yield { kind: "ftpHistory", ftpHistory: parseFile(name, await bytes(), ftpFile) };
    } else if (name === KEYS_FILE) {
      yield { kind: "apiKeys", apiKeys: parseFile(name, await bytes(), keysFile).length };
    }
  }
  if (awaited) throw samplesMissing(awaited);
}

async function* readSamples(
  workout: ArchivedWorkout,
  { name, size, chunks }: ArchiveEntry,
): AsyncGenerator<Sample[], void, void> {
  const { samples } = workout;
  if (name !== samples?.file) throw samplesMissing(workout);
  if (size > LARGEST_TELEMETRY)
    throw new Error(`${name} is too large: it can have ${LARGEST_TELEMETRY} bytes.`);
  let count = 0;
  try {
    for await (const piece of readLines(chunks)) {
      count += piece.length;
      if (count > samples.count) throw new Error(`There are more than ${samples.count} samples.`);
      yield piece;
    }
  } catch (cause) {
    throw unreadable(name, cause);
  }
  if (count !== samples.count) throw new Error(`${name} has ${count} samples in place of ${samples.count}.`);
}

function samplesMissing({ id }: ArchivedWorkout): Error {
  return new Error(`The samples of the workout ${id} do not follow it.`);
}

function parseFile<Schema extends z.ZodType>(
  name: string,
  bytes: Uint8Array,
  schema: Schema,
): z.output<Schema> {
  const text = Buffer.from(bytes).toString();
  if (nestsTooDeep(text, DEEPEST_FILE)) throw new Error(`${name} nests too deep to be read.`);
  const value: unknown = within(name, () => JSON.parse(text));
  const { data, error } = schema.safeParse(value);
  if (!error) return data;
  const [issue] = error.issues;
  throw new Error(`${name} cannot be read. ${issue?.path.join(".")}: ${issue?.message}`);
}

function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(name: string, cause: unknown): Error {
  return new Error(`${name} cannot be read. ${toError(cause).message}`, { cause });
}
