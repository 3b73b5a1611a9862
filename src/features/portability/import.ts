import type { Executor } from "../../db/database.ts";
import type { Deps } from "../../runtime.ts";
import type { CheckedArchive } from "./check.ts";
import { importRide } from "./import-ride.ts";
import { type Placement, placeWorkout } from "./placement.ts";
import { readContents } from "./read.ts";
import { countStored } from "./repository.ts";
import type { Counts } from "./schemas.ts";

/** How many rides are new to the account, are there as they are in the archive, or are there in another state. */
export type Standings = Record<Placement["standing"], number>;

/** What an import would do. Writes nothing. */
export async function planRides(
  executor: Executor,
  userId: string,
  { workouts }: CheckedArchive,
): Promise<Standings> {
  const standings: Standings = { new: 0, present: 0, changed: 0 };
  for (const workout of workouts) standings[(await placeWorkout(executor, userId, workout)).standing] += 1;
  return standings;
}

/** Of those that are as they are in the archive. */
export type RideCounts = Pick<Counts, "workouts" | "workoutsWithSamples" | "samples">;

type Progress = {
  /** Rides that have been come to are finished, and no further one is begun. */
  signal: AbortSignal;
  onRide: (done: number) => void;
};

/**
 * Puts the rides of an archive into a user's history. One that is there already stays as it is, so that a run that
 * was stopped can be made again. `verified` is what was found in the database afterwards.
 * @throws Error when not everything that should be there is.
 */
export async function importRides(
  deps: Pick<Deps, "database">,
  userId: string,
  archive: CheckedArchive,
  { signal, onRide }: Progress,
): Promise<{ standings: Standings; verified: RideCounts; left: number }> {
  const standings: Standings = { new: 0, present: 0, changed: 0 };
  const expected = { workouts: 0, workoutsWithSamples: 0, samples: 0 };
  const ids: string[] = [];
  let done = 0;
  for await (const content of readContents(archive.path)) {
    if (signal.aborted) break;
    if (content.kind !== "ride") continue;
    const { id, standing } = await importRide(deps, userId, content.ride, archive.manifest.exportedAt);
    standings[standing] += 1;
    if (standing !== "changed") {
      ids.push(id);
      expected.workouts += 1;
      const { samples } = content.ride.workout;
      expected.workoutsWithSamples += samples ? 1 : 0;
      expected.samples += samples?.count ?? 0;
    }
    done += 1;
    onRide(done);
  }
  requireEqual(expected, await countStored(deps.database, userId, ids));
  return { standings, verified: expected, left: archive.workouts.length - done };
}

function requireEqual(expected: RideCounts, stored: RideCounts): void {
  if (Bun.deepEquals(expected, stored)) return;
  throw new Error(
    `Not everything has arrived: ${JSON.stringify(stored)} in place of ${JSON.stringify(expected)}.`,
  );
}
