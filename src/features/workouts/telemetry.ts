import { isDamage } from "../../db/errors.ts";
import { type CurveMetric, meanMaximalCurve } from "../../domain/mean-maximal.ts";
import type { Sample } from "../../domain/sample.ts";
import { type Summary, summarize } from "../../domain/summary.ts";
import { decodeTelemetry } from "../../domain/telemetry-codec.ts";
import { timelineOf } from "../../domain/timeline.ts";
import type { Deps } from "../../runtime.ts";
import { findFtpInForce } from "../ftp/repository.ts";
import { type Effort, findEfforts } from "./efforts.ts";
import { isUnfinished, pausesUntil, streamKey } from "./lookup.ts";
import { findTelemetry, type WorkoutRow } from "./repository.ts";
import { readRide, rideContext, rideStart } from "./ride.ts";

type StoredDeps = Pick<Deps, "database" | "damage">;
type ReadDeps = Pick<Deps, "database" | "buffer" | "now">;

/** The archived samples of a workout, or while it is unfinished those that have arrived so far. */
export async function workoutSamples(
  deps: StoredDeps & Pick<Deps, "buffer">,
  workout: WorkoutRow,
): Promise<Sample[]> {
  if (isUnfinished(workout)) return (await readRide(deps.buffer, streamKey(workout))).samples;
  return (await useTelemetry(deps, workout.id, decodeTelemetry)) ?? [];
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
  if (!isUnfinished(workout)) return workout.summary;
  const ride = await readRide(deps.buffer, streamKey(workout));
  const ftp = await findFtpInForce(deps.database, workout.userId, rideStart(ride, workout));
  return summarize(ride.samples, rideContext(ride, workout, ftp, deps.now()));
}

/** The mean-maximal curve of a workout, or while it is unfinished that of what has arrived so far. */
export async function workoutCurve(
  { database, buffer, now }: ReadDeps,
  workout: WorkoutRow,
  metric: CurveMetric,
): Promise<Effort[]> {
  if (!isUnfinished(workout)) return findEfforts(database, workout.id, metric);
  const ride = await readRide(buffer, streamKey(workout));
  const { clock } = timelineOf(ride.samples, pausesUntil(workout, now()));
  const curve = meanMaximalCurve(ride.samples, clock, metric);
  const achievedAt = rideStart(ride, workout);
  return Object.entries(curve ?? {}).map(([duration, value]) => ({
    metric,
    duration: Number(duration),
    value,
    workoutId: workout.id,
    achievedAt,
  }));
}
