import { sql } from "drizzle-orm";
import { isStoreFailure, toError } from "../../db/errors.ts";
import { AppError } from "../../errors.ts";
import { type Job, scheduleJob } from "../../job.ts";
import type { Deps } from "../../runtime.ts";
import type { MessageId, StreamInfo, StreamKey } from "../../streams/buffer.ts";
import { streamLabel } from "../../streams/idleness.ts";
import { compareMessageIds, FIRST_MESSAGE_ID, LAST_MESSAGE_ID } from "../../streams/message-id.ts";
import { findUser, isDeleted } from "../accounts/repository.ts";
import { completeWorkout, releaseArchived } from "./complete.ts";
import { streamKey } from "./lookup.ts";
import {
  deleteTrashedBefore,
  findReleased,
  findUnfinishedByStream,
  insertWorkout,
  listUnfinished,
  type WorkoutRow,
} from "./repository.ts";
import { readRide } from "./ride.ts";
import { beginAttempt, forgetAttempts, MOST_ATTEMPTS, noteFailure } from "./sweep-attempts.ts";

type SweepDeps = Pick<
  Deps,
  "config" | "database" | "buffer" | "hub" | "clock" | "idleness" | "now" | "metrics" | "log"
>;
type SweepOptions = {
  /** Milliseconds without a sample or a call after which a ride counts as abandoned; else as configured. */
  idleMs?: number | undefined;
  /** Undefined sweeps for everybody. */
  owner?: string;
  /** Once aborted, no more rides are begun with. */
  signal?: AbortSignal;
};

type RideOptions = { idleMs: number; signal: AbortSignal | undefined };

/**
 * Brings abandoned rides home: an idle unfinished workout is completed, an idle stream that no workout claims
 * and that holds samples becomes a "Recovered ride", an idle empty one is deleted. No sample is thrown away. What has
 * failed three times as it is now is set aside: left where it is, and tried again by a call to complete it, or when it
 * or the program has changed.
 * @throws what the first ride that cannot be brought home throws, once all others are; that of a store which does not
 * answer at once, since with each of the others it would be waited for again.
 */
export async function sweep(
  deps: SweepDeps,
  { idleMs = deps.config.streamIdleHours * 3_600_000, owner, signal }: SweepOptions = {},
): Promise<{ deletedCount: number; archivedCount: number }> {
  const counts = { archived: 0, deleted: 0, kept: 0 };
  const failures: unknown[] = [];
  const bringHome = async (ride: object, work: () => Promise<keyof typeof counts>) => {
    if (signal?.aborted) return;
    try {
      counts[await work()] += 1;
    } catch (error) {
      deps.log.error({ err: error, ...ride }, "a ride could not be brought home");
      failures.push(error);
      await requireStores(deps);
    }
  };
  for (const workout of await listUnfinished(deps.database, owner)) {
    await bringHome({ workoutId: workout.id }, () => completeIdle(deps, workout, { idleMs, signal }));
  }
  for (const info of await deps.buffer.list(owner)) {
    const ride = { userId: info.owner, streamName: info.name };
    await bringHome(ride, () => sweepStream(deps, info, { idleMs, signal }));
  }
  if (failures.length > 0) throw failures[0];
  return { deletedCount: counts.deleted, archivedCount: counts.archived };
}

async function requireStores({ database, buffer }: SweepDeps): Promise<void> {
  await Promise.all([database.run(sql`SELECT 1`), buffer.ping()]);
}

async function completeIdle(
  deps: SweepDeps,
  workout: WorkoutRow,
  { idleMs, signal }: RideOptions,
): Promise<"archived" | "kept"> {
  const info = await deps.buffer.info(streamKey(workout));
  const changed = workout.updatedAt.getTime();
  if (deps.idleness.since(workout.id, String(changed), changed) < idleMs) return "kept";
  if (info && idleFor(deps, info) < idleMs) return "kept";
  return attempt(deps, streamKey(workout), { info, signal }, async () => {
    await completeWorkout(deps, workout.userId, workout.id, { archiveTelemetry: true });
    return "archived";
  });
}

async function sweepStream(
  deps: SweepDeps,
  listed: StreamInfo,
  { idleMs, signal }: RideOptions,
): Promise<"archived" | "deleted" | "kept"> {
  const { owner, name } = listed;
  const key = { owner, name };
  // At once, since those who listen to a ride that is completed wait for its end.
  await releaseArchived(deps, key);
  // A sample was on its way at another instance, or came in the minute in which a server still knew the credentials.
  if (await isDeleted(deps.database, owner)) return deleteAll(deps, key, LAST_MESSAGE_ID);
  if (idleFor(deps, listed) < idleMs) return "kept";
  if (await findUnfinishedByStream(deps.database, key)) return "kept";
  const info = await deps.buffer.info(key);
  // The list is from the beginning of the sweep: a ride may have come alive since.
  if (!info || idleFor(deps, info) < idleMs) return "kept";
  // Of nobody: an older database has been put back. Kept as long as what is in the trash, in case the owner comes back.
  if (!(await findUser(deps.database, owner))) {
    const isKeptNoLonger = idleFor(deps, info) > trashMs(deps);
    return isKeptNoLonger ? deleteAll(deps, key, LAST_MESSAGE_ID) : "kept";
  }
  // Only as an empty one: a sample may be on its way into it. One that has lost what it had is not read below.
  if (info.length === 0 && !info.hasLost) return deleteAll(deps, key, FIRST_MESSAGE_ID);
  return attempt(deps, key, { info, signal }, async () => {
    const span = await spanOfStream(deps, key);
    if (!span) return "kept";
    // Claimed first and completed then: killed in between, the next sweep finds an idle unfinished workout.
    const workout = await claim(deps, info, new Date(span.from));
    if (!workout) return "kept";
    await completeWorkout(deps, owner, workout.id, { archiveTelemetry: true });
    return "archived";
  });
}

async function spanOfStream({ buffer }: SweepDeps, key: StreamKey) {
  using ride = await readRide(buffer, key);
  return await ride.recording.span();
}

/** Brings a stream home by `work`, unless that has failed so often that it is set aside. */
async function attempt<Outcome extends string>(
  { database, log }: SweepDeps,
  key: StreamKey,
  { info, signal }: { info: StreamInfo | null; signal: AbortSignal | undefined },
  work: () => Promise<Outcome>,
): Promise<Outcome | "kept"> {
  const number = await beginAttempt(database, key, info?.lastMessageId ?? null);
  if (number === null) return "kept";
  let outcome: Outcome;
  try {
    outcome = await work();
  } catch (error) {
    // A stop that has waited long enough makes it fail too.
    const isToBlame = isOfTheRide(error) && !signal?.aborted;
    if (isToBlame) await noteFailure(database, key, toError(error).message);
    else await forgetAttempts(database, key);
    if (isToBlame && number === MOST_ATTEMPTS)
      log.error({ userId: key.owner, streamName: key.name }, "a ride is set aside; bpt doctor tells of it");
    throw error;
  }
  await forgetAttempts(database, key);
  return outcome;
}

/** And neither of a store nor of somebody who has changed the ride meanwhile. */
function isOfTheRide(error: unknown): boolean {
  return !(error instanceof AppError || isStoreFailure(error));
}

/** For how long, in ms, nothing has come into a stream. */
function idleFor({ idleness }: SweepDeps, { lastMessageId, lastActivity, ...key }: StreamInfo): number {
  return idleness.since(streamLabel(key), lastMessageId ?? "", lastActivity);
}

/** How long what was thrown away is kept. */
function trashMs({ config }: SweepDeps): number {
  return config.trashDays * 86_400_000;
}

async function deleteAll(
  { hub, buffer }: SweepDeps,
  key: StreamKey,
  through: MessageId,
): Promise<"deleted" | "kept"> {
  await hub.deleteStream(key, through);
  return (await buffer.info(key)) ? "kept" : "deleted";
}

/** Undefined when somebody else has claimed the stream meanwhile, or has brought home what there was to claim. */
async function claim(
  { database }: SweepDeps,
  { owner, name, lastMessageId, lastActivity }: StreamInfo,
  startTime: Date,
): Promise<WorkoutRow | undefined> {
  const at = new Date(lastActivity);
  try {
    return await database.transaction(async (transaction) => {
      const { through } = await findReleased(transaction, { owner, name });
      if (through && lastMessageId && compareMessageIds(lastMessageId, through) <= 0) return undefined;
      return insertWorkout(transaction, {
        id: Bun.randomUUIDv7(),
        userId: owner,
        streamName: name,
        title: "Recovered ride",
        startTime,
        status: "ACTIVE",
        createdAt: at,
        updatedAt: at,
      });
    });
  } catch (error) {
    if (error instanceof AppError && error.code === "stream_in_use") return undefined;
    throw error;
  }
}

/** Sweeps for everybody and purges the trash, at once and then now and then. */
export function scheduleSweep(deps: SweepDeps & Pick<Deps, "leases">): Job {
  return scheduleJob(deps, "sweep", async (signal) => {
    await deleteTrashedBefore(deps.database, new Date(deps.clock.atLeast() - trashMs(deps)));
    const counts = await sweep(deps, { signal });
    if (counts.archivedCount + counts.deletedCount > 0) deps.log.info(counts, "abandoned rides brought home");
  });
}
