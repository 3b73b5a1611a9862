import type { MeanMaximalCurves } from "../../domain/mean-maximal.ts";
import { withFtp } from "../../domain/summary.ts";
import { encodeTelemetry } from "../../domain/telemetry-codec.ts";
import type { Pause } from "../../domain/timeline.ts";
import type { Deps } from "../../runtime.ts";
import { findFtpInForce } from "../ftp/repository.ts";
import { rideTimes } from "../workouts/complete.ts";
import { derive, summaryColumns } from "../workouts/derivation.ts";
import { saveEfforts } from "../workouts/efforts.ts";
import { isUnfinished, pausesUntil } from "../workouts/lookup.ts";
import { insertWorkout, type NewWorkout, saveTelemetry } from "../workouts/repository.ts";
import { rideStart } from "../workouts/ride.ts";
import { type Placement, placeWorkout } from "./placement.ts";
import type { ArchivedRide } from "./read.ts";
import type { ArchivedWorkout } from "./schemas.ts";

/** What is worked out from a ride: the columns of its row that hold it, and its curves. */
type Derived = { columns: Partial<NewWorkout>; curves: MeanMaximalCurves };

/**
 * Puts a ride of an archive into a user's history, all or nothing, unless it is there already. What its samples tell
 * is derived from them anew; only where there are none, what is stored with it is taken over. One that was under way
 * when it was exported is completed with what it had by then.
 */
export async function importRide(
  { database }: Pick<Deps, "database">,
  userId: string,
  ride: ArchivedRide,
  exportedAt: Date,
): Promise<Placement> {
  const place = await placeWorkout(database, userId, ride.workout);
  if (place.standing !== "new") return place;
  const { workout, samples } = ride;
  const pauses = pausesOf(workout, exportedAt);
  const startTime = rideStart(ride, workout);
  const ftp = await findFtpInForce(database, userId, startTime);
  const { columns, curves } = await remake(ride, pauses, ftp, exportedAt);
  const effort = workout.status === "ARCHIVED" ? "small" : "fast";
  const archive = samples.length > 0 ? await encodeTelemetry(samples, effort) : undefined;
  await database.transaction(async (tx) => {
    // Set meanwhile, it leaves the ride to be made again.
    const isStale = (await findFtpInForce(tx, userId, startTime)) !== ftp;
    const stored = { ...columnsOf(workout), id: place.id, userId, pauses, ...columns, isStale };
    await saveEfforts(tx, await insertWorkout(tx, stored), curves);
    if (archive) await saveTelemetry(tx, place.id, archive);
  });
  return place;
}

async function remake(
  ride: ArchivedRide,
  pauses: readonly Pause[],
  ftp: number | null,
  exportedAt: Date,
): Promise<Derived> {
  const { workout, samples } = ride;
  if (samples.length === 0 && !isUnfinished(workout)) {
    const summary = workout.summary && withFtp(workout.summary, ftp);
    return {
      columns: { summary, trainingStress: summary?.trainingStress ?? null },
      curves: workout.curves,
    };
  }
  const skippedMessages = workout.summary?.skippedMessages ?? 0;
  const { summary, curves } = await derive(samples, { pauses, ftp, skippedMessages });
  const times = rideTimes(ride, rideStart(ride, workout), summary.elapsedTime, exportedAt.getTime());
  return { columns: { ...summaryColumns(summary), ...times }, curves };
}

function pausesOf({ pauses }: ArchivedWorkout, exportedAt: Date): Pause[] {
  const inMilliseconds = pauses.map(({ from, to }) => ({ from: from.getTime(), to: to?.getTime() ?? null }));
  return pausesUntil({ pauses: inMilliseconds }, exportedAt.getTime());
}

function columnsOf(workout: ArchivedWorkout) {
  const { samples, curves, summary, pauses, ...columns } = workout;
  return {
    ...columns,
    title: workout.title ?? null,
    description: workout.description ?? null,
    status: isUnfinished(workout) ? ("COMPLETED" as const) : workout.status,
  };
}
