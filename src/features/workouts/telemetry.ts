import { isDamage } from "../../db/errors.ts";
import type { CurveMetric } from "../../domain/mean-maximal.ts";
import { recordingOf } from "../../domain/recording.ts";
import { EMPTY_SUMMARY, type Summary } from "../../domain/summary.ts";
import type { Deps } from "../../runtime.ts";
import { deriveUnfinished } from "./derivation.ts";
import { type Effort, findEfforts } from "./efforts.ts";
import { isUnfinished, streamKey } from "./lookup.ts";
import { heldRecording, type OpenRecording, openRecording } from "./open-recording.ts";
import { findTelemetry, type WorkoutRow } from "./repository.ts";
import { readRide } from "./ride.ts";

type StoredDeps = Pick<Deps, "database" | "damage">;
type ReadDeps = Pick<Deps, "database" | "buffer" | "now">;

/** The archived samples of a workout, or while it is unfinished those that have arrived so far; to be closed. */
export async function workoutRecording(
  deps: StoredDeps & Pick<Deps, "buffer">,
  workout: WorkoutRow,
): Promise<OpenRecording> {
  if (isUnfinished(workout)) return (await readRide(deps.buffer, streamKey(workout))).recording;
  return (await useTelemetry(deps, workout.id, openRecording)) ?? heldRecording(recordingOf([]));
}

/**
 * What `use` makes of the stored telemetry of a workout; undefined where there is none. Damage is noted.
 * @throws TelemetryError as `use` does.
 */
export async function useTelemetry<Result>(
  { database, damage }: StoredDeps,
  workoutId: string,
  use: (bytes: Uint8Array) => Promise<Result>,
): Promise<Result | undefined> {
  const bytes = await findTelemetry(database, workoutId);
  try {
    return bytes && (await use(bytes));
  } catch (error) {
    if (isDamage(error)) damage.noteRide(workoutId);
    throw error;
  }
}

/** The summary of a workout, or while it is unfinished that of what has arrived so far. */
export async function workoutSummary(deps: ReadDeps, workout: WorkoutRow): Promise<Summary | null> {
  if (!isUnfinished(workout)) return currentSummary(workout);
  using ride = await readRide(deps.buffer, streamKey(workout));
  return (await deriveUnfinished(deps, workout, ride)).summary;
}

/** The stored summary with every field there is today: earlier versions have stored fewer. */
export function currentSummary({ summary }: Pick<WorkoutRow, "summary">): Summary | null {
  return summary && { ...EMPTY_SUMMARY, ...summary };
}

/** The mean-maximal curve of a workout, or while it is unfinished that of what has arrived so far. */
export async function workoutCurve(
  deps: ReadDeps,
  workout: WorkoutRow,
  metric: CurveMetric,
): Promise<Effort[]> {
  if (!isUnfinished(workout)) return findEfforts(deps.database, workout.id, metric);
  using ride = await readRide(deps.buffer, streamKey(workout));
  const { curves, times } = await deriveUnfinished(deps, workout, ride);
  return Object.entries(curves[metric] ?? {}).map(([duration, value]) => ({
    metric,
    duration: Number(duration),
    value,
    workoutId: workout.id,
    achievedAt: times.startTime,
  }));
}
