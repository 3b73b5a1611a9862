import type { z } from "zod";
import type { Executor } from "../../db/database.ts";
import { recompressTelemetry } from "../../domain/telemetry-codec.ts";
import { AppError } from "../../errors.ts";
import { invalidInput } from "../../http/validate.ts";
import type { Deps } from "../../runtime.ts";
import { FIRST_MESSAGE_ID } from "../../streams/message-id.ts";
import { completeWorkout, releaseArchived } from "./complete.ts";
import { regroupEfforts } from "./efforts.ts";
import { getWorkout, isUnfinished, streamKey } from "./lookup.ts";
import {
  deleteUnfinishedRow,
  deleteWorkoutRow,
  discardStream,
  forgetDiscarded,
  insertWorkout,
  type NewWorkout,
  saveTelemetry,
  updateWorkout,
  type WorkoutRow,
  type WorkoutStatus,
} from "./repository.ts";
import type { patchSchema, pauseSchema, startSchema } from "./schemas.ts";
import { markFtpChanged } from "./stale.ts";
import { useTelemetry } from "./telemetry.ts";

type WorkoutDeps = Pick<
  Deps,
  "database" | "buffer" | "damage" | "hub" | "idleness" | "now" | "metrics" | "log"
>;

/** Starts a workout that records into the named stream, or into one of its own. */
export async function startWorkout(
  deps: WorkoutDeps,
  userId: string,
  { title, description, sport, streamName }: z.output<typeof startSchema>,
): Promise<WorkoutRow> {
  const id = Bun.randomUUIDv7();
  const key = { owner: userId, name: streamName ?? `ride-${id}` };
  // What an earlier ride has left in a stream of this name is not part of this one.
  await releaseArchived(deps, key);
  await deps.buffer.create(key);
  const time = new Date(deps.now());
  deps.idleness.note(id, String(time.getTime()));
  return insertWorkout(deps.database, {
    id,
    userId,
    streamName: key.name,
    title: title || null,
    description: description || null,
    sport,
    startTime: time,
    status: "ACTIVE",
    createdAt: time,
    updatedAt: time,
  });
}

/** Changes what is given. With the sport, a finished workout counts for other records, and may have another FTP. */
export async function editWorkout(
  deps: WorkoutDeps & Pick<Deps, "rederivation">,
  userId: string,
  id: string,
  { title, description, sport }: z.output<typeof patchSchema>,
): Promise<WorkoutRow> {
  const { edited, isStale } = await deps.database.transaction(async (transaction) => {
    const edited = await change({ ...deps, database: transaction }, userId, id, () => ({
      ...(title !== undefined && { title: title || null }),
      ...(description !== undefined && { description: description || null }),
      ...(sport !== undefined && { sport }),
    }));
    if (sport === undefined) return { edited, isStale: false };
    await regroupEfforts(transaction, edited);
    return { edited, isStale: (await markFtpChanged(transaction, userId, id)) > 0 };
  });
  if (!isStale) return edited;
  await deps.rederivation.run(userId);
  return getWorkout(deps.database, userId, id);
}

/** Pauses now, or `at` a time by the sender's clock. */
export async function pauseWorkout(
  deps: WorkoutDeps,
  userId: string,
  id: string,
  { at }: z.output<typeof pauseSchema>,
): Promise<WorkoutRow> {
  return change(deps, userId, id, (workout) => {
    requireStatus(workout, "paused", "ACTIVE");
    const begun = at === undefined ? { from: deps.now() } : { from: at, fromSender: true as const };
    return { status: "PAUSED", pauses: [...workout.pauses, { ...begun, to: null }] };
  });
}

/**
 * Goes on now, or `at` a time by the sender's clock.
 * @throws AppError invalid_input when that is before the pause, by the same clock.
 */
export async function resumeWorkout(
  deps: WorkoutDeps,
  userId: string,
  id: string,
  { at }: z.output<typeof pauseSchema>,
): Promise<WorkoutRow> {
  return change(deps, userId, id, (workout) => {
    requireStatus(workout, "resumed", "PAUSED");
    const ended = at === undefined ? { to: deps.now() } : { to: at, toSender: true as const };
    const pauses = workout.pauses.map((pause) => {
      if (pause.to !== null) return pause;
      if (at === undefined || !pause.fromSender || at >= pause.from) return { ...pause, ...ended };
      throw invalidInput([{ path: ["at"], message: `is before the pause, which began at ${pause.from}` }]);
    });
    return { status: "ACTIVE", pauses };
  });
}

/** Puts a completed workout out of the default list, its telemetry as small as it gets. */
export async function archiveWorkout(deps: WorkoutDeps, userId: string, id: string): Promise<WorkoutRow> {
  requireStatus(await getWorkout(deps.database, userId, id), "archived", "COMPLETED");
  const small = await useTelemetry(deps, id, (bytes) => recompressTelemetry(bytes, "small"));
  return deps.database.transaction(async (transaction) => {
    const archived = await change({ ...deps, database: transaction }, userId, id, (workout) => {
      requireStatus(workout, "archived", "COMPLETED");
      return { status: "ARCHIVED" };
    });
    if (small) await saveTelemetry(transaction, id, small);
    return archived;
  });
}

export async function restoreWorkout(deps: WorkoutDeps, userId: string, id: string): Promise<WorkoutRow> {
  return change(deps, userId, id, (workout) => {
    requireStatus(workout, "restored", "ARCHIVED", "DELETED");
    return { status: "COMPLETED", deletedAt: null };
  });
}

/**
 * Puts a workout into the trash, or with `permanent` out of the world. An unfinished one is completed first, so
 * that restoring it brings all of the ride back.
 */
export async function deleteWorkout(
  deps: WorkoutDeps,
  userId: string,
  id: string,
  { permanent }: { permanent: boolean },
): Promise<void> {
  const workout = await getWorkout(deps.database, userId, id);
  if (permanent && isUnfinished(workout)) return discardUnfinished(deps, workout);
  if (isUnfinished(workout)) await completeWorkout(deps, userId, id, { archiveTelemetry: true });
  // Also when that has done so already: what the stream still has of a workout that is gone would become a ride again.
  await releaseArchived(deps, streamKey(workout));
  if (permanent) return deleteWorkoutRow(deps.database, id);
  await change(deps, userId, id, ({ deletedAt }) => ({
    status: "DELETED",
    deletedAt: deletedAt ?? new Date(deps.now()),
  }));
}

/** In one commit: whatever comes after it, the ride is gone, and what its stream still has becomes none again. */
async function discardUnfinished(deps: WorkoutDeps, workout: WorkoutRow): Promise<void> {
  const key = streamKey(workout);
  // One whose stream cannot be deleted now stays, so that it can be deleted later.
  await deps.buffer.ping();
  const through = (await deps.buffer.info(key))?.lastMessageId ?? FIRST_MESSAGE_ID;
  const isGone = await deps.database.transaction(async (transaction) => {
    if (!(await deleteUnfinishedRow(transaction, workout.id))) return false;
    await discardStream(transaction, key, through);
    return true;
  });
  if (!isGone) return deleteWorkout(deps, workout.userId, workout.id, { permanent: true });
  try {
    await deps.hub.deleteStream(key, through);
    await forgetDiscarded(deps.database, key, through);
  } catch (error) {
    deps.log.warn(
      { err: error, workoutId: workout.id },
      "the stream of a deleted workout could not be deleted",
    );
  }
}

/** Reads, decides, writes; once more if another call got in between. */
async function change(
  { database, idleness, now }: Pick<Deps, "idleness" | "now"> & { database: Executor },
  userId: string,
  id: string,
  decide: (workout: WorkoutRow) => Partial<NewWorkout>,
): Promise<WorkoutRow> {
  for (;;) {
    const workout = await getWorkout(database, userId, id);
    const changed = await updateWorkout(database, workout, {
      ...decide(workout),
      updatedAt: new Date(now()),
    });
    if (!changed) continue;
    idleness.note(id, String(changed.updatedAt.getTime()));
    return changed;
  }
}

function requireStatus({ status }: WorkoutRow, verb: string, ...allowed: WorkoutStatus[]): void {
  if (allowed.includes(status)) return;
  throw new AppError(
    "invalid_workout_state",
    `Only a workout that is ${allowed.join(" or ")} can be ${verb}; this one is ${status}.`,
  );
}
