import type { WorkoutHead } from "./placement.ts";
import { readContents, readManifest } from "./read.ts";
import type { Counts, FtpEntry, Manifest, Profile } from "./schemas.ts";

/** An archive that was found to be sound from end to end, without its samples. */
export type CheckedArchive = {
  path: string;
  manifest: Manifest;
  profile: Profile;
  ftpHistory: FtpEntry[];
  workouts: WorkoutHead[];
};

/**
 * Checks everything in an archive, down to each sample and the counts of its manifest.
 * @param onRide called after each ride
 * @throws Error with a sentence that says what is wrong with it.
 */
export async function checkArchive(
  path: string,
  onRide: (done: number, total: number) => void,
): Promise<CheckedArchive> {
  const manifest = await readManifest(path);
  let profile: Profile | undefined;
  let ftpHistory: FtpEntry[] = [];
  const workouts: WorkoutHead[] = [];
  const counts: Counts = { workouts: 0, workoutsWithSamples: 0, samples: 0, ftpHistory: 0, apiKeys: 0 };
  for await (const content of readContents(path)) {
    if (content.kind === "profile") profile = content.profile;
    else if (content.kind === "ftpHistory") {
      ftpHistory = content.ftpHistory;
      counts.ftpHistory = ftpHistory.length;
    } else if (content.kind === "apiKeys") counts.apiKeys = content.apiKeys;
    else {
      const { id, updatedAt, samples } = content.ride.workout;
      workouts.push({ id, updatedAt, samples });
      counts.workouts += 1;
      counts.workoutsWithSamples += samples ? 1 : 0;
      for await (const piece of content.ride.samples) counts.samples += piece.length;
      onRide(counts.workouts, manifest.counts.workouts);
    }
  }
  if (!profile) throw new Error(`${path} has no profile.`);
  if (!Bun.deepEquals(counts, manifest.counts)) {
    throw new Error(`${path} does not have what its manifest says: ${JSON.stringify(counts)}.`);
  }
  if (new Set(workouts.map(({ id }) => id)).size < workouts.length) {
    throw new Error(`${path} has a workout twice.`);
  }
  return { path, manifest, profile, ftpHistory, workouts };
}
