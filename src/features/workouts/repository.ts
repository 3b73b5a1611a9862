import { setImmediate } from "node:timers/promises";
import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  gte,
  inArray,
  isNotNull,
  lt,
  lte,
  max,
  or,
  type SQL,
  sql,
} from "drizzle-orm";
import type { z } from "zod";
import type { Database, Executor } from "../../db/database.ts";
import { isUniqueViolation } from "../../db/errors.ts";
import { discardedStreams, type NewRecord, telemetry, users, workouts } from "../../db/schema.ts";
import type { Span } from "../../domain/span.ts";
import { AppError } from "../../errors.ts";
import type { MessageId, StreamKey } from "../../streams/buffer.ts";
import { formatMessageId, latestMessageId } from "../../streams/message-id.ts";
import type { listQuery } from "./schemas.ts";
import { ofSport } from "./sports.ts";

export type WorkoutRow = typeof workouts.$inferSelect;
export type NewWorkout = typeof workouts.$inferInsert;
export type WorkoutStatus = WorkoutRow["status"];

export const UNFINISHED: WorkoutStatus[] = ["ACTIVE", "PAUSED"];
/** What counts for records, statistics and training load. */
export const COUNTED: WorkoutStatus[] = ["COMPLETED", "ARCHIVED"];
const LISTED: WorkoutStatus[] = ["ACTIVE", "PAUSED", "COMPLETED"];

/** @throws AppError stream_in_use when another unfinished workout records into the stream. */
export async function insertWorkout(executor: Executor, workout: NewWorkout): Promise<WorkoutRow> {
  try {
    const [row] = await executor.insert(workouts).values(workout).returning();
    if (!row) throw new Error("INSERT … RETURNING gave no row");
    return row;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError(
      "stream_in_use",
      `Another unfinished workout records into the stream ${workout.streamName}. Complete it first.`,
      { cause: error },
    );
  }
}

export async function findWorkout(
  executor: Executor,
  userId: string,
  id: string,
): Promise<WorkoutRow | undefined> {
  const [row] = await executor
    .select()
    .from(workouts)
    .where(and(eq(workouts.id, id), eq(workouts.userId, userId)));
  return row;
}

/** Whosever it is. */
export async function findWorkoutById(executor: Executor, id: string): Promise<WorkoutRow | undefined> {
  const [row] = await executor.select().from(workouts).where(eq(workouts.id, id));
  return row;
}

/** Ids of all of a user's workouts, whatever their status, oldest ride first. */
export async function listWorkoutIds(executor: Executor, userId: string): Promise<string[]> {
  const rows = await executor
    .select({ id: workouts.id })
    .from(workouts)
    .where(eq(workouts.userId, userId))
    .orderBy(asc(workouts.startTime), asc(workouts.id));
  return rows.map(({ id }) => id);
}

export async function findUnfinishedByStream(
  executor: Executor,
  key: StreamKey,
): Promise<WorkoutRow | undefined> {
  const [row] = await executor
    .select()
    .from(workouts)
    .where(
      and(
        eq(workouts.userId, key.owner),
        eq(workouts.streamName, key.name),
        inArray(workouts.status, UNFINISHED),
      ),
    );
  return row;
}

export async function listUnfinished(executor: Executor, userId?: string): Promise<WorkoutRow[]> {
  const mine = userId === undefined ? undefined : eq(workouts.userId, userId);
  return executor
    .select()
    .from(workouts)
    .where(and(inArray(workouts.status, UNFINISHED), mine));
}

/**
 * Up to which message the stream's content is in finished workouts or was deleted for good, and up to which it was that;
 * null where there is none.
 */
export async function findReleased(
  executor: Executor,
  key: StreamKey,
): Promise<{ through: MessageId | null; discarded: MessageId | null }> {
  const archived = await executor
    .select({ archivedThrough: workouts.archivedThrough })
    .from(workouts)
    .where(
      and(
        eq(workouts.userId, key.owner),
        eq(workouts.streamName, key.name),
        isNotNull(workouts.archivedThrough),
      ),
    );
  const [discarded] = await executor
    .select({ through: discardedStreams.through })
    .from(discardedStreams)
    .where(isDiscarded(key));
  const ids = [...archived.map(({ archivedThrough }) => archivedThrough), discarded?.through];
  // Not that of the latest workout: ids increase even where the clock, and with it the workouts' times, went back.
  const through = latestMessageId(ids.filter((id) => typeof id === "string"));
  return { through: through ?? null, discarded: discarded?.through ?? null };
}

function isDiscarded({ owner, name }: StreamKey) {
  return and(eq(discardedStreams.userId, owner), eq(discardedStreams.streamName, name));
}

/** Says that a stream is nobody's up to a message: what is in it until there is no ride's any more. */
export async function discardStream(executor: Executor, key: StreamKey, through: MessageId): Promise<void> {
  await executor
    .insert(discardedStreams)
    .values({ userId: key.owner, streamName: key.name, through })
    .onConflictDoUpdate({ target: [discardedStreams.userId, discardedStreams.streamName], set: { through } });
}

/** To be called once that is deleted. */
export async function forgetDiscarded(executor: Executor, key: StreamKey, through: MessageId): Promise<void> {
  await executor.delete(discardedStreams).where(and(isDiscarded(key), eq(discardedStreams.through, through)));
}

/** An id that comes after all messages that finished workouts hold, whichever buffer they were in. */
export async function findIdAfterArchived(executor: Executor): Promise<MessageId> {
  const latest = (column: typeof workouts.archivedThrough | typeof discardedStreams.through) =>
    sql<number | null>`max(CAST(${column} AS INTEGER))`;
  const [archived] = await executor.select({ latest: latest(workouts.archivedThrough) }).from(workouts);
  const [discarded] = await executor
    .select({ latest: latest(discardedStreams.through) })
    .from(discardedStreams);
  const milliseconds = Math.max(archived?.latest ?? 0, discarded?.latest ?? 0) + 1;
  return formatMessageId({ milliseconds, sequence: 0 });
}

export async function listWorkouts(
  database: Database,
  userId: string,
  query: z.output<typeof listQuery>,
  span: Span,
): Promise<{ rows: WorkoutRow[]; total: number }> {
  const ofAskedSport = query.sport === undefined ? undefined : await ofSport(database, userId, query.sport);
  if (query.q !== undefined) return searchWorkouts(database, userId, { query, span, ofAskedSport });
  const where = and(eq(workouts.userId, userId), startedWithin(span), ofAskedSport, ...filters(query));
  const page = await database
    .select()
    .from(workouts)
    .where(where)
    .orderBy(desc(workouts.startTime), desc(workouts.id))
    .limit(query.limit)
    .offset((query.page - 1) * query.limit);
  await setImmediate();
  const [counted] = await database.select({ total: count() }).from(workouts).where(where);
  return { rows: page, total: counted?.total ?? 0 };
}

/** A statement on a local file keeps the event loop for as long as it runs: so many rides are looked into by one. */
const RIDES_AT_ONCE = 1000;

/** A span in parts with so many of a user's rides each, the latest first; others have their turn in between. */
export async function* partsOf(executor: Executor, userId: string, span: Span): AsyncGenerator<Span> {
  for (let { to } = span; ; ) {
    const [next] = await executor
      .select({ startTime: workouts.startTime })
      .from(workouts)
      .where(and(eq(workouts.userId, userId), startedWithin({ from: span.from, to })))
      .orderBy(desc(workouts.startTime))
      .limit(1)
      .offset(RIDES_AT_ONCE);
    if (!next) return yield { from: span.from, to };
    // Where more rides than that began in the same millisecond, the part is that one.
    const from = new Date(Math.min(next.startTime.getTime() + 1, to.getTime()));
    yield { from, to };
    to = new Date(from.getTime() - 1);
    await setImmediate();
  }
}

/** Those with a text in title or description: each ride has to be looked into, which takes its time over many years. */
async function searchWorkouts(
  database: Database,
  userId: string,
  {
    query,
    span,
    ofAskedSport,
  }: { query: z.output<typeof listQuery>; span: Span; ofAskedSport: SQL | undefined },
): Promise<{ rows: WorkoutRow[]; total: number }> {
  const found: string[] = [];
  for await (const part of partsOf(database, userId, span)) {
    const ids = await database
      .select({ id: workouts.id })
      .from(workouts)
      .where(and(eq(workouts.userId, userId), startedWithin(part), ofAskedSport, ...filters(query)))
      .orderBy(desc(workouts.startTime), desc(workouts.id));
    found.push(...ids.map(({ id }) => id));
  }
  const page = found.slice((query.page - 1) * query.limit, query.page * query.limit);
  const rows = await database
    .select()
    .from(workouts)
    .where(inArray(workouts.id, page))
    .orderBy(desc(workouts.startTime), desc(workouts.id));
  return { rows, total: found.length };
}

/** Open ends as wide as time itself change nothing of the result, and let the index be used. */
export function startedWithin({ from, to }: Span) {
  return and(gte(workouts.startTime, from), lte(workouts.startTime, to));
}

function filters({ status, q }: z.output<typeof listQuery>) {
  return [
    inArray(workouts.status, status ? [status] : LISTED),
    q === undefined ? undefined : or(contains(workouts.title, q), contains(workouts.description, q)),
  ];
}

function contains(column: typeof workouts.title | typeof workouts.description, text: string) {
  const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  return sql`${column} LIKE ${pattern} ESCAPE '\\'`;
}

/** Changes a workout only if it is still as it was read; undefined when another call changed it meanwhile. */
export async function updateWorkout(
  executor: Executor,
  { id, status, updatedAt }: WorkoutRow,
  changes: Partial<NewWorkout> & { updatedAt: Date },
): Promise<WorkoutRow | undefined> {
  // Times have a millisecond's grain: without a step of at least one, a change within it would go unseen.
  const later = new Date(Math.max(changes.updatedAt.getTime(), updatedAt.getTime() + 1));
  const [row] = await executor
    .update(workouts)
    .set({ ...changes, updatedAt: later })
    .where(and(eq(workouts.id, id), eq(workouts.status, status), eq(workouts.updatedAt, updatedAt)))
    .returning();
  return row;
}

/**
 * Puts what was derived again into a workout; `changedAt` is undefined when it is what was there. Undefined when the
 * workout is gone.
 */
export async function updateDerived(
  executor: Executor,
  { id }: Pick<WorkoutRow, "id">,
  columns: Partial<NewWorkout>,
  changedAt: Date | undefined,
): Promise<WorkoutRow | undefined> {
  const updatedAt = changedAt && sql`max(${changedAt.getTime()}, ${workouts.updatedAt} + 1)`;
  const [row] = await executor
    .update(workouts)
    .set({ ...columns, ...(updatedAt && { updatedAt }) })
    .where(eq(workouts.id, id))
    .returning();
  return row;
}

export async function saveNewRecords(
  executor: Executor,
  id: string,
  records: readonly NewRecord[],
): Promise<void> {
  const newRecords = records.map(({ metric, duration, value }) => ({ metric, duration, value }));
  await executor.update(workouts).set({ newRecords }).where(eq(workouts.id, id));
}

export async function deleteWorkoutRow(executor: Executor, id: string): Promise<void> {
  await executor.delete(workouts).where(eq(workouts.id, id));
}

/** Only if it is still that; resolves to whether it was. */
export async function deleteUnfinishedRow(executor: Executor, id: string): Promise<boolean> {
  const rows = await executor
    .delete(workouts)
    .where(and(eq(workouts.id, id), inArray(workouts.status, UNFINISHED)))
    .returning({ id: workouts.id });
  return rows.length > 0;
}

/** So many rides are deleted at once: with their curves and telemetry that is some ms of work. */
const SLICE = 10;

/** Purges what has been in the trash since before the given time, in slices between which others may write. */
export function deleteTrashedBefore(executor: Executor, time: Date): Promise<void> {
  return deleteInSlices(executor, and(eq(workouts.status, "DELETED"), lt(workouts.deletedAt, time)));
}

/** Deletes all of a user's rides, in the same way; ends between two slices once the signal is aborted. */
export function deleteAllOf(executor: Executor, userId: string, signal?: AbortSignal): Promise<void> {
  return deleteInSlices(executor, eq(workouts.userId, userId), signal);
}

async function deleteInSlices(
  executor: Executor,
  which: SQL | undefined,
  signal?: AbortSignal,
): Promise<void> {
  let deleted: { id: string }[];
  do {
    const slice = executor.select({ id: workouts.id }).from(workouts).where(which).limit(SLICE);
    deleted = await executor
      .delete(workouts)
      .where(inArray(workouts.id, slice))
      .returning({ id: workouts.id });
  } while (deleted.length === SLICE && !signal?.aborted);
}

/**
 * Begins the time in the trash anew of what was thrown away since `since` by a clock that was more than `longest` ms away
 * from `now`.
 */
export async function keepTrashAnew(
  executor: Executor,
  { since, now, longest }: { since: number; now: number; longest: number },
): Promise<void> {
  const isWrong = or(
    gt(workouts.deletedAt, new Date(now + longest)),
    and(gt(workouts.deletedAt, new Date(since)), lt(workouts.deletedAt, new Date(now - longest))),
  );
  await executor
    .update(workouts)
    .set({ deletedAt: new Date(now) })
    .where(and(eq(workouts.status, "DELETED"), isWrong));
}

/** When a workout or an account was changed last, epoch ms; 0 when there is none. */
export async function findNewestChange(executor: Executor): Promise<number> {
  const [changed] = await executor.select({ last: max(workouts.updatedAt) }).from(workouts);
  const [registered] = await executor.select({ last: max(users.updatedAt) }).from(users);
  return Math.max(changed?.last?.getTime() ?? 0, registered?.last?.getTime() ?? 0);
}

export async function saveTelemetry(executor: Executor, workoutId: string, bytes: Uint8Array): Promise<void> {
  const data = Buffer.from(bytes);
  await executor
    .insert(telemetry)
    .values({ workoutId, data })
    .onConflictDoUpdate({ target: telemetry.workoutId, set: { data } });
}

export async function findTelemetry(executor: Executor, workoutId: string): Promise<Uint8Array | undefined> {
  const [row] = await executor
    .select({ data: telemetry.data })
    .from(telemetry)
    .where(eq(telemetry.workoutId, workoutId));
  return row?.data;
}
