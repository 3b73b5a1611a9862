import type { Executor } from "../../db/database.ts";
import { curveMetrics, type MeanMaximalCurves } from "../../domain/mean-maximal.ts";
import { workOf } from "../../domain/portions.ts";
import { recordingOf, type SampleRecording } from "../../domain/recording.ts";
import type { Sample } from "../../domain/sample.ts";
import { CYCLING } from "../../domain/sport.ts";
import { openTelemetry, TelemetryError } from "../../domain/telemetry-codec.ts";
import type { StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { compareMessageIds, followingMessageId } from "../../streams/message-id.ts";
import { deriveUnfinished, summaryColumns } from "../workouts/derivation.ts";
import { findEfforts } from "../workouts/efforts.ts";
import { isUnfinished, openBySender, streamKey } from "../workouts/lookup.ts";
import {
  findReleased,
  findTelemetry,
  findUnfinishedByStream,
  findWorkout,
  listWorkoutIds,
  type WorkoutRow,
} from "../workouts/repository.ts";
import { type Ride, readRide } from "../workouts/ride.ts";

/** A ride of more work than this, by `workOf`, is not held in memory: a day at one sample a second is below. */
const HELD_WORK = 1_000_000;

export type CollectDeps = {
  database: Executor;
  buffer: Pick<StreamBuffer, "list" | "range">;
  now: () => number;
};

/** A workout with all that belongs to it. Of an unfinished one, summary and curves are those of the ride so far. */
export type CollectedRide = {
  workout: WorkoutRow;
  curves: MeanMaximalCurves;
  recording: SampleRecording;
  /** Its samples could not be read. */
  isDamaged: boolean;
};

/**
 * All rides of a user, one at a time: the workouts, oldest first, and then what is in streams that none of them
 * claims, as the unfinished "Recovered ride" that it is going to be. `total` is how many workouts there are.
 */
export async function collectRides(
  deps: CollectDeps,
  userId: string,
): Promise<{ total: number; rides: AsyncGenerator<CollectedRide> }> {
  const ids = await listWorkoutIds(deps.database, userId);
  return { total: ids.length, rides: ridesOf(deps, userId, ids) };
}

async function* ridesOf(deps: CollectDeps, userId: string, ids: readonly string[]) {
  for (const id of ids) {
    const ride = await collectWorkout(deps, userId, id);
    if (ride) yield ride;
  }
  for (const key of await deps.buffer.list(userId)) {
    const ride = await collectUnclaimed(deps, key);
    if (ride) yield ride;
  }
}

/** Undefined when it was deleted meanwhile. */
async function collectWorkout(
  deps: CollectDeps,
  userId: string,
  id: string,
): Promise<CollectedRide | undefined> {
  const { database, buffer } = deps;
  const workout = await findWorkout(database, userId, id);
  if (!workout) return undefined;
  if (!isUnfinished(workout)) return collectFinished(database, workout);
  using ride = await readRide(buffer, streamKey(workout));
  const afterwards = await findWorkout(database, userId, id);
  // Completed meanwhile, it has taken its stream along.
  if (afterwards?.updatedAt.getTime() !== workout.updatedAt.getTime()) {
    return collectWorkout(deps, userId, id);
  }
  return await summedUp(deps, workout, ride);
}

async function collectFinished(database: Executor, workout: WorkoutRow): Promise<CollectedRide> {
  const [power, heartrate, speed] = await Promise.all(
    curveMetrics.map(async (metric) => {
      const efforts = await findEfforts(database, workout.id, metric);
      return Object.fromEntries(efforts.map(({ duration, value }) => [duration, value]));
    }),
  );
  const curves = { power: orNull(power), heartrate: orNull(heartrate), speed: orNull(speed) };
  const bytes = await findTelemetry(database, workout.id);
  const nothing = recordingOf([]);
  try {
    const recording = bytes ? await readThrough(bytes) : nothing;
    return { workout, curves, recording, isDamaged: false };
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    return { workout, curves, recording: nothing, isDamaged: true };
  }
}

/** What is damaged is to be known before any of it is written. @throws TelemetryError. */
async function readThrough(bytes: Uint8Array): Promise<SampleRecording> {
  const telemetry = await openTelemetry(bytes);
  const held: Sample[] = [];
  let work = 0;
  for await (const samples of telemetry.samples()) {
    work = samples.reduce((sum, sample) => sum + workOf(sample), work);
    if (work <= HELD_WORK) held.push(...samples);
  }
  return work <= HELD_WORK ? recordingOf(held) : telemetry;
}

function orNull(curve: Record<string, number> = {}): Record<string, number> | null {
  return Object.keys(curve).length === 0 ? null : curve;
}

/** What the sweep makes of a stream that no workout claims; undefined when there is nothing to be made of it. */
async function collectUnclaimed(deps: CollectDeps, key: StreamKey): Promise<CollectedRide | undefined> {
  const { database, buffer } = deps;
  if (await findUnfinishedByStream(database, key)) return undefined;
  const { through } = await findReleased(database, key);
  using ride = await readRide(beyond(buffer, through), key);
  const span = await ride.recording.span();
  if (!span) return undefined;
  const startTime = new Date(span.from);
  const workout: WorkoutRow = {
    // The same at every export: imported twice, it is there once.
    id: Bun.randomUUIDv5(`${key.name} ${span.from}`, key.owner),
    userId: key.owner,
    streamName: key.name,
    title: "Recovered ride",
    description: null,
    sport: CYCLING,
    startTime,
    endTime: null,
    duration: null,
    status: "ACTIVE",
    summary: null,
    trainingStress: null,
    definitionsVersion: 0,
    isStale: false,
    newRecords: [],
    pauses: [],
    archivedMessages: 0,
    archivedThrough: null,
    createdAt: startTime,
    updatedAt: startTime,
    deletedAt: null,
  };
  return await summedUp(deps, workout, ride);
}

/** A stream without what finished workouts have of it already. */
function beyond({ range }: Pick<StreamBuffer, "range">, through: string | null): Pick<StreamBuffer, "range"> {
  if (through === null) return { range };
  const earliest = followingMessageId(through);
  return {
    range: (key, start, end, count) =>
      range(key, compareMessageIds(start, earliest) < 0 ? earliest : start, end, count),
  };
}

async function summedUp(deps: CollectDeps, workout: WorkoutRow, ride: Ride): Promise<CollectedRide> {
  const { summary, curves } = await deriveUnfinished(deps, workout, ride);
  return {
    workout: {
      ...workout,
      ...summaryColumns(summary),
      pauses: openBySender(workout, ride.clockLead),
      archivedMessages: ride.sampleMessages,
    },
    curves,
    recording: await readThrough(await ride.telemetry()),
    isDamaged: false,
  };
}
