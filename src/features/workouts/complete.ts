import { ALL_TIME } from "../../domain/span.ts";
import { AppError } from "../../errors.ts";
import type { Deps } from "../../runtime.ts";
import type { StreamKey } from "../../streams/buffer.ts";
import { compareMessageIds, FIRST_MESSAGE_ID } from "../../streams/message-id.ts";
import { deriveUnfinished, readFigures, summaryColumns } from "./derivation.ts";
import { findRecords, saveEfforts } from "./efforts.ts";
import { bySender, getWorkout, isUnfinished, streamKey } from "./lookup.ts";
import {
  findReleased,
  forgetDiscarded,
  saveNewRecords,
  saveTelemetry,
  updateWorkout,
  type WorkoutRow,
} from "./repository.ts";
import { readRide } from "./ride.ts";
import { forgetAttempts } from "./sweep-attempts.ts";

/** How often a ride that is still growing is read; what comes after that stays in the stream. */
const MAX_ATTEMPTS = 3;

type CompleteDeps = Pick<Deps, "database" | "buffer" | "hub" | "now" | "metrics" | "log">;

/**
 * Finishes a ride: reads the whole stream, computes summary and curves, and stores them, the telemetry and the
 * records in one transaction; only then is the stream deleted, up to the last message that was read. Killed at any point, it
 * leaves the workout either as it was or completed, and calling it again does what is left to do.
 * @throws AppError workout_not_found, invalid_workout_state of a deleted one, buffer_unavailable.
 */
export async function completeWorkout(
  deps: CompleteDeps,
  userId: string,
  id: string,
  options: { archiveTelemetry: boolean },
): Promise<WorkoutRow> {
  const workout = await getWorkout(deps.database, userId, id);
  if (workout.status === "DELETED") {
    throw new AppError("invalid_workout_state", "The workout is in the trash. Restore it first.");
  }
  const completed = isUnfinished(workout) ? await store(deps, workout, options) : workout;
  if (!completed) return completeWorkout(deps, userId, id, options);
  if (isUnfinished(workout)) deps.metrics.ridesCompleted += 1;
  await deleteRecorded(deps, completed, isUnfinished(workout)).catch((error: unknown) => {
    // The ride is safe; the next sweep deletes what is left of its stream.
    deps.log.warn({ err: error, workoutId: id }, "the stream of a completed workout could not be deleted");
  });
  return completed;
}

/** An empty stream is its ride's only while that is being completed: later it may be one that has just begun. */
async function deleteRecorded(
  deps: CompleteDeps,
  workout: WorkoutRow,
  justCompleted: boolean,
): Promise<void> {
  const key = streamKey(workout);
  if (workout.archivedThrough !== FIRST_MESSAGE_ID) await releaseArchived(deps, key);
  else if (justCompleted) await deps.hub.deleteStream(key, FIRST_MESSAGE_ID);
}

/** Undefined when the workout or the rider's figures were changed by another call meanwhile, and nothing was stored. */
async function store(
  deps: CompleteDeps,
  workout: WorkoutRow,
  options: { archiveTelemetry: boolean },
): Promise<WorkoutRow | undefined> {
  const prepared = await prepareUpToDate(deps, workout, options).catch(async (error) => {
    // Completed by another call meanwhile, it has taken its stream along.
    if (isUnfinished(await getWorkout(deps.database, workout.userId, workout.id))) throw error;
  });
  if (!prepared) return undefined;
  const { ride, times, time, figures, pauses, summary, curves, archive } = prepared;
  return deps.database.transaction(async (transaction) => {
    const { startTime } = times;
    if (!Bun.deepEquals(await readFigures(transaction, workout, startTime), figures)) return undefined;
    const completed = await updateWorkout(transaction, workout, {
      ...times,
      ...summaryColumns(summary),
      status: "COMPLETED",
      pauses: bySender(pauses),
      archivedMessages: archive ? ride.sampleMessages : 0,
      archivedThrough: ride.lastMessageId ?? FIRST_MESSAGE_ID,
      updatedAt: new Date(time),
    });
    if (!completed) return undefined;
    await forgetAttempts(transaction, streamKey(workout));
    if (archive) await saveTelemetry(transaction, workout.id, archive);
    await saveEfforts(transaction, completed, curves);
    const records = await findRecords(transaction, workout.userId, workout.sport, ALL_TIME);
    // Kept, so that completing once more gives the same answer even when a later ride has beaten them.
    const newRecords = records.filter(({ workoutId }) => workoutId === workout.id);
    if (newRecords.length > 0) await saveNewRecords(transaction, workout.id, newRecords);
    return { ...completed, newRecords };
  });
}

/** A sample may arrive while the ride is being summed up: then once more, rather than leave it behind. */
async function prepareUpToDate(
  deps: CompleteDeps,
  workout: WorkoutRow,
  options: { archiveTelemetry: boolean },
) {
  for (let attempt = 1; ; attempt++) {
    const prepared = await prepare(deps, workout, options);
    const info = await deps.buffer.info(streamKey(workout));
    if (attempt === MAX_ATTEMPTS || (info?.lastMessageId ?? null) === prepared.ride.lastMessageId)
      return prepared;
  }
}

async function prepare(
  { database, buffer, now }: CompleteDeps,
  workout: WorkoutRow,
  { archiveTelemetry }: { archiveTelemetry: boolean },
) {
  using ride = await readRide(buffer, streamKey(workout));
  const derived = await deriveUnfinished({ database, now }, workout, ride);
  const archive = archiveTelemetry && ride.recording.length > 0 ? await ride.telemetry() : undefined;
  return { ride, archive, ...derived };
}

/** Deletes from a stream what finished workouts hold, or was deleted for good; what arrived after them stays. */
export async function releaseArchived(
  { database, buffer, hub }: Pick<Deps, "database" | "buffer" | "hub">,
  key: StreamKey,
): Promise<void> {
  const { through, discarded } = await findReleased(database, key);
  if (!through) return;
  const first = (await buffer.info(key))?.firstMessageId;
  if (first && compareMessageIds(first, through) <= 0) await hub.deleteStream(key, through);
  if (discarded) await forgetDiscarded(database, key, discarded);
}
