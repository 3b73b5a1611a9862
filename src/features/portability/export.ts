import { type AddEntry, writeArchive } from "../../archive.ts";
import { formatDay } from "../../domain/calendar.ts";
import type { SampleRecording } from "../../domain/recording.ts";
import { Telemetry } from "../../domain/telemetry-codec.ts";
import { writeLines } from "../../domain/telemetry-lines.ts";
import { listKeys, type UserRow } from "../accounts/repository.ts";
import { listFtp } from "../ftp/repository.ts";
import { type CollectDeps, type CollectedRide, collectRides } from "./collect.ts";
import { README, README_FILE } from "./readme.ts";
import {
  type ArchivedWorkout,
  FORMAT,
  FORMAT_VERSION,
  FTP_FILE,
  KEYS_FILE,
  MANIFEST_FILE,
  type Manifest,
  PROFILE_FILE,
  type Profile,
  WORKOUTS_FOLDER,
} from "./schemas.ts";

type Options = {
  /** Which program writes it, as in `bpt 0.1.0`. */
  program: string;
  /** Called after each ride; there may be somewhat fewer or more than `total`, since rides come and go. */
  onRide: (done: number, total: number) => void;
};

/** Content that is too large to be in memory is made anew each time it is asked for. */
type AddFile = (name: string, content: Uint8Array | (() => AsyncIterable<Uint8Array>)) => Promise<void>;

/**
 * Writes everything of a user into one archive, one ride in memory at a time. The manifest comes last, since only
 * then it is known what went before.
 * @throws Error of the file system, the database or the live buffer; then there is no archive.
 */
export async function exportAccount(
  deps: CollectDeps,
  user: UserRow,
  path: string,
  { program, onRide }: Options,
): Promise<Manifest> {
  const written = Promise.withResolvers<Manifest>();
  await writeArchive(path, async (addEntry) => {
    const { add, files } = summing(addEntry);
    const exportedAt = new Date(deps.now());
    const ofAccount = await addAccount(deps, user, add);
    const { damaged, ...ofRides } = await addRides(deps, user.id, add, onRide);
    const manifest: Manifest = {
      format: FORMAT,
      formatVersion: FORMAT_VERSION,
      program,
      exportedAt,
      user: { id: user.id, email: user.email },
      counts: { ...ofRides, ...ofAccount },
      damaged,
      files,
    };
    await addEntry(MANIFEST_FILE, json(manifest));
    written.resolve(manifest);
  });
  return written.promise;
}

/** Notes what the manifest says of each file. */
function summing(addEntry: AddEntry): { add: AddFile; files: Manifest["files"] } {
  const files: Manifest["files"] = [];
  return {
    files,
    async add(name, content) {
      const chunks = () => (content instanceof Uint8Array ? once(content) : content());
      // An entry begins with its size.
      const { size, sha256 } = await measure(chunks());
      await addEntry(name, { size, chunks: chunks() });
      files.push({ name, size, sha256 });
    },
  };
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function measure(chunks: AsyncIterable<Uint8Array>): Promise<{ size: number; sha256: string }> {
  const hash = new Bun.CryptoHasher("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { size, sha256: hash.digest("hex") };
}

async function addAccount({ database }: CollectDeps, user: UserRow, add: AddFile) {
  await add(README_FILE, Buffer.from(README));
  await add(PROFILE_FILE, json(presentProfile(user)));
  const ftpHistory = (await listFtp(database, user.id)).map(({ userId, effectiveDay, ...entry }) => ({
    ...entry,
    effectiveDay: formatDay(effectiveDay),
  }));
  await add(FTP_FILE, json(ftpHistory));
  const keys = (await listKeys(database, user.id)).map(({ name, createdAt, expiresAt, lastUsedAt }) => ({
    name,
    createdAt,
    expiresAt,
    lastUsedAt,
  }));
  await add(KEYS_FILE, json(keys));
  return { ftpHistory: ftpHistory.length, apiKeys: keys.length };
}

async function addRides(deps: CollectDeps, userId: string, add: AddFile, onRide: Options["onRide"]) {
  const counts = { workouts: 0, workoutsWithSamples: 0, samples: 0 };
  const damaged: string[] = [];
  const { total, rides } = await collectRides(deps, userId);
  for await (const ride of rides) {
    const { workout, recording } = ride;
    const name = fileName(workout);
    await add(`${name}.json`, json(presentRide(ride, `${name}.ndjson`)));
    if (recording.length > 0) await add(`${name}.ndjson`, await linesOf(recording));
    counts.workouts += 1;
    counts.workoutsWithSamples += recording.length > 0 ? 1 : 0;
    counts.samples += recording.length;
    if (ride.isDamaged) damaged.push(workout.id);
    onRide(counts.workouts, total);
  }
  return { ...counts, damaged };
}

/** Those of a ride that is in memory at once: they need not be made twice. */
async function linesOf(recording: SampleRecording) {
  if (recording instanceof Telemetry) return () => writeLines(recording);
  return Buffer.concat(await Array.fromAsync(writeLines(recording)));
}

/** For people to find a ride by; only what is in the files counts. */
function fileName({ startTime, id }: CollectedRide["workout"]): string {
  const [day = ""] = startTime.toISOString().replace("+", "").split("T");
  return `${WORKOUTS_FOLDER}${day}_${id}`;
}

function presentProfile({ passwordHash, provider, providerId, ...profile }: UserRow): Profile {
  return profile;
}

function presentRide({ workout, curves, recording }: CollectedRide, file: string): ArchivedWorkout {
  const { userId, trainingStress, isStale, archivedThrough, ...kept } = workout;
  const pauses = workout.pauses.map((pause) => ({
    ...pause,
    from: new Date(pause.from),
    to: pause.to === null ? null : new Date(pause.to),
  }));
  return {
    ...kept,
    pauses,
    curves,
    samples: recording.length === 0 ? null : { file, count: recording.length },
  };
}

/** Dates become what the schemas call an instant. */
function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
