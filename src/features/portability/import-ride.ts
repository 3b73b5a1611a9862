import { spanOfRide } from "../../domain/clock-faults.ts";
import type { MeanMaximalCurves } from "../../domain/mean-maximal.ts";
import { type Recording, recordingOf } from "../../domain/recording.ts";
import { derive, withFtp } from "../../domain/summary.ts";
import { openTelemetry, TelemetryWriter } from "../../domain/telemetry-codec.ts";
import type { Pause } from "../../domain/timeline.ts";
import type { Deps } from "../../runtime.ts";
import { type RiderFigures, readFigures, rideTimes, summaryColumns } from "../workouts/derivation.ts";
import { saveEfforts } from "../workouts/efforts.ts";
import { bySender, isUnfinished, pausesOf } from "../workouts/lookup.ts";
import { insertWorkout, type NewWorkout, saveTelemetry } from "../workouts/repository.ts";
import { type Placement, placeWorkout } from "./placement.ts";
import type { ArchivedRide } from "./read.ts";
import type { ArchivedWorkout } from "./schemas.ts";

/** What is worked out from a ride: the columns of its row that hold it, and its curves. */
type Circumstances = {
  span: { from: number; to: number } | null;
  pauses: readonly Pause[];
  figures: RiderFigures;
  exportedAt: Date;
};
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
  const { workout } = ride;
  const bytes = await encode(ride);
  const recording = bytes && (await openTelemetry(bytes));
  const span = recording ? await spanOfRide(recording) : null;
  const startTime = span ? new Date(span.from) : workout.startTime;
  const figures = await readFigures(database, { userId, sport: workout.sport }, startTime);
  const pauses = archivedPauses(workout, exportedAt);
  const { columns, curves } = await remake(workout, recording, { span, pauses, figures, exportedAt });
  await database.transaction(async (tx) => {
    // Changed meanwhile, they leave the ride to be made again.
    const isStale = !Bun.deepEquals(
      await readFigures(tx, { userId, sport: workout.sport }, startTime),
      figures,
    );
    const stored = {
      ...columnsOf(workout),
      id: place.id,
      userId,
      pauses: bySender(pauses),
      ...columns,
      isStale,
    };
    await saveEfforts(tx, await insertWorkout(tx, stored), curves);
    if (bytes) await saveTelemetry(tx, place.id, bytes);
  });
  return place;
}

async function encode({ workout, samples }: ArchivedRide): Promise<Uint8Array | undefined> {
  if (!workout.samples) return undefined;
  const writer = new TelemetryWriter(workout.status === "ARCHIVED" ? "small" : "fast");
  for await (const piece of samples) await writer.add(piece);
  return writer.finish();
}

async function remake(
  workout: ArchivedWorkout,
  recording: Recording | undefined,
  { span, pauses, figures, exportedAt }: Circumstances,
): Promise<Derived> {
  if (!recording && !isUnfinished(workout)) {
    const summary = workout.summary && withFtp(workout.summary, figures.ftp);
    return {
      columns: { summary, trainingStress: summary?.trainingStress ?? null },
      curves: workout.curves,
    };
  }
  const skippedMessages = workout.summary?.skippedMessages ?? 0;
  const context = { pauses, ...figures, skippedMessages };
  const { summary, curves } = await derive(recording ?? recordingOf([]), context);
  const startTime = span ? new Date(span.from) : workout.startTime;
  const ends = { startTime, endTime: span && new Date(span.to), elapsedTime: summary.elapsedTime };
  return { columns: { ...summaryColumns(summary), ...rideTimes(ends, exportedAt.getTime()) }, curves };
}

function archivedPauses({ pauses }: ArchivedWorkout, exportedAt: Date): Pause[] {
  const inMilliseconds = pauses.map((pause) => ({
    ...pause,
    from: pause.from.getTime(),
    to: pause.to?.getTime() ?? null,
  }));
  // What is not said to be by the sender's clock is of an earlier version, and holds as it is.
  return pausesOf({ pauses: inMilliseconds }, { now: exportedAt.getTime(), clockLead: 0 });
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
