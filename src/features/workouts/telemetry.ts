import type { Sample } from "../../domain/sample.ts";
import type { Summary } from "../../domain/summary.ts";
import { decodeTelemetry } from "../../domain/telemetry-codec.ts";
import type { Deps } from "../../runtime.ts";
import { isUnfinished, streamKey } from "./lookup.ts";
import { findFtpAt, findTelemetry, type WorkoutRow } from "./repository.ts";
import { readRide, rideStart, summarizeRide } from "./ride.ts";

/** The archived samples of a workout, or while it is unfinished those that have arrived so far. */
export async function workoutSamples(
  { database, buffer }: Pick<Deps, "database" | "buffer">,
  workout: WorkoutRow,
): Promise<Sample[]> {
  if (isUnfinished(workout)) return (await readRide(buffer, streamKey(workout))).samples;
  const bytes = await findTelemetry(database, workout.id);
  return bytes ? decodeTelemetry(bytes) : [];
}

/** The summary of a workout, or while it is unfinished that of what has arrived so far. */
export async function workoutSummary(
  { database, buffer, now }: Pick<Deps, "database" | "buffer" | "now">,
  workout: WorkoutRow,
): Promise<Summary | null> {
  if (!isUnfinished(workout)) return workout.summary;
  const ride = await readRide(buffer, streamKey(workout));
  const ftp = await findFtpAt(database, workout.userId, rideStart(ride, workout));
  return summarizeRide(ride, workout, ftp, now());
}
