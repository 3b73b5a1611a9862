import { isDamage } from "../../db/errors.ts";
import type { CurveMetric } from "../../domain/mean-maximal.ts";
import { recordingOf } from "../../domain/recording.ts";
import { EMPTY_SUMMARY, type Summary } from "../../domain/summary.ts";
import type { Deps } from "../../runtime.ts";
import { deriveUnfinished } from "./derivation.ts";
import { type Effort, findEfforts } from "./efforts.ts";
import { isUnfinished, streamKey } from "./lookup.ts";
import { heldRecording, type OpenRecording, openRecording } from "./open-recording.ts";
import { findTelemetry, findWorkoutById, type WorkoutRow } from "./repository.ts";
import { readRide } from "./ride.ts";

type StoredDeps = Pick<Deps, "database" | "damage">;
type ReadDeps = Pick<Deps, "database" | "buffer" | "now">;

/** The archived samples of a workout, or while it is unfinished those that have arrived so far; to be closed. */
export function workoutRecording(
  deps: StoredDeps & Pick<Deps, "buffer">,
  workout: WorkoutRow,
): Promise<OpenRecording> {
  return asItIs(deps, workout, async (latest) => {
    if (isUnfinished(latest)) return (await readRide(deps.buffer, streamKey(latest))).recording;
    return (await useTelemetry(deps, latest.id, openRecording)) ?? heldRecording(recordingOf([]));
  });
}

/** Reads a workout, and once more where it was completed meanwhile and has taken its stream along. */
async function asItIs<Result>(
  { database }: Pick<Deps, "database">,
  workout: WorkoutRow,
  read: (workout: WorkoutRow) => Promise<Result>,
): Promise<Result> {
  const [reading] = await Promise.allSettled([read(workout)]);
  const latest = isUnfinished(workout) ? await findWorkoutById(database, workout.id) : undefined;
  if (latest && !isUnfinished(latest)) {
    if (reading.status === "fulfilled" && isOpen(reading.value)) reading.value[Symbol.dispose]();
    return read(latest);
  }
  if (reading.status === "rejected") throw reading.reason;
  return reading.value;
}

function isOpen(result: unknown): result is Disposable {
  return typeof result === "object" && result !== null && Symbol.dispose in result;
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
export function workoutSummary(deps: ReadDeps, workout: WorkoutRow): Promise<Summary | null> {
  return asItIs(deps, workout, async (latest) => {
    if (!isUnfinished(latest)) return currentSummary(latest);
    using ride = await readRide(deps.buffer, streamKey(latest));
    return (await deriveUnfinished(deps, latest, ride)).summary;
  });
}

/** The stored summary with every field there is today: earlier versions have stored fewer. */
export function currentSummary({ summary }: Pick<WorkoutRow, "summary">): Summary | null {
  return summary && { ...EMPTY_SUMMARY, ...summary };
}

/** The mean-maximal curve of a workout, or while it is unfinished that of what has arrived so far. */
export function workoutCurve(deps: ReadDeps, workout: WorkoutRow, metric: CurveMetric): Promise<Effort[]> {
  return asItIs(deps, workout, async (latest) => {
    if (!isUnfinished(latest)) return findEfforts(deps.database, latest.id, metric);
    using ride = await readRide(deps.buffer, streamKey(latest));
    const { curves, times } = await deriveUnfinished(deps, latest, ride);
    return Object.entries(curves[metric] ?? {}).map(([duration, value]) => ({
      metric,
      duration: Number(duration),
      value,
      workoutId: latest.id,
      achievedAt: times.startTime,
    }));
  });
}
