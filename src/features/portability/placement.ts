import type { Executor } from "../../db/database.ts";
import { findStoredWorkouts, type Owned, type StoredWorkout } from "./repository.ts";
import type { ArchivedWorkout } from "./schemas.ts";

/** Where something of an archive goes: to an id that is free, or nowhere, since it is there already. */
type Place<Stored extends Owned> = { id: string; stored?: never } | { id: string; stored: Stored };

/** The ids it may have: its own, or, where that is somebody else's, one that is the same at every import. */
export function possibleIds(id: string, userId: string): [own: string, other: string] {
  return [id, Bun.randomUUIDv5(id, userId)];
}

/** @param stored what there is under its possible ids */
export function placeOf<Stored extends Owned>(
  stored: readonly Stored[],
  id: string,
  userId: string,
): Place<Stored> {
  const present = stored.find((row) => row.userId === userId);
  if (present) return { id: present.id, stored: present };
  const [own, other] = possibleIds(id, userId);
  return { id: stored.some((row) => row.id === own) ? other : own };
}

/** `new`, `present` as it is in the archive, or `changed`: present in another state, which stays as it is. */
type Standing = "new" | "present" | "changed";

/** The id under which a workout is to be, or is. */
export type Placement = { id: string; standing: Standing };

export type WorkoutHead = Pick<ArchivedWorkout, "id" | "updatedAt" | "samples">;

/** Where a workout of the archive goes in a user's history. */
export async function placeWorkout(
  executor: Executor,
  userId: string,
  { id, updatedAt, samples }: WorkoutHead,
): Promise<Placement> {
  const found = await findStoredWorkouts(executor, possibleIds(id, userId));
  const place = placeOf<StoredWorkout>(found, id, userId);
  if (!place.stored) return { id: place.id, standing: "new" };
  const isSame =
    place.stored.updatedAt.getTime() === updatedAt.getTime() &&
    (samples === null || samples.count === place.stored.sampleCount);
  return { id: place.id, standing: isSame ? "present" : "changed" };
}
