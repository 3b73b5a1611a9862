import { and, count, desc, eq, exists, gte, isNotNull, lt, type SQL, sql } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { telemetry, workouts } from "../../db/schema.ts";
import { ALL_TIME } from "../../domain/span.ts";
import { DEFINITIONS_VERSION } from "../../domain/summary.ts";
import { readFtpHistory } from "../ftp/repository.ts";
import { partsOf, startedWithin } from "./repository.ts";

/*
 * What is worked out from a ride is stale when the FTP on its day or the heart rates in the rider's settings have
 * changed, or when it was made by earlier definitions. That is noted in the database, in the transaction that causes it, and so survives whatever happens
 * before it is made again.
 */

/** Undefined in any of its fields means: whatever it is. */
export type Scope = { userId?: string | undefined; since?: Date | undefined };

/** Written out, since a parameter would keep the partial index from being used. */
const IS_STALE = sql`is_stale = 1`;

/** Ids, newest ride first: those are what people look at. */
export function listStale(
  executor: Executor,
  { userId }: Pick<Scope, "userId">,
  limit: number,
): Promise<string[]> {
  return idsOf(executor, and(IS_STALE, isNotNull(workouts.summary), ofUser(userId)), limit);
}

export async function countStale(executor: Executor, userId: string): Promise<number> {
  const [row] = await executor
    .select({ total: count() })
    .from(workouts)
    .where(and(IS_STALE, ofUser(userId)));
  return row?.total ?? 0;
}

/** Those that a run over all of them has not come to. */
export function listLeftOver(executor: Executor, scope: Scope): Promise<string[]> {
  return idsOf(executor, and(IS_STALE, eq(workouts.definitionsVersion, 0), within(scope)));
}

/** Every finished ride that there is telemetry of. */
export function listDerivable(executor: Executor, scope: Scope): Promise<string[]> {
  return idsOf(executor, and(isNotNull(workouts.summary), hasTelemetry(executor), within(scope)));
}

/**
 * Has the rides made again, those in the trash too, whose FTP is no longer the one of their sport on their day: a value
 * was set, the rider's days have moved, or the sport of one is another. Resolves to how many that are.
 */
export async function markFtpChanged(
  executor: Executor,
  userId: string,
  workoutId?: string,
): Promise<number> {
  const ftpAt = await readFtpHistory(executor, userId);
  let changed = 0;
  for await (const part of partsOf(executor, userId, ALL_TIME)) {
    const rides = await executor
      .select({
        id: workouts.id,
        startTime: workouts.startTime,
        sport: workouts.sport,
        ftp: sql<number | null>`${workouts.summary} ->> '$.ftp'`,
      })
      .from(workouts)
      .where(
        and(
          eq(workouts.userId, userId),
          workoutId === undefined ? undefined : eq(workouts.id, workoutId),
          startedWithin(part),
          isNotNull(workouts.summary),
        ),
      );
    const ids = rides
      .filter(({ startTime, sport, ftp }) => ftpAt(startTime, sport) !== ftp)
      .map(({ id }) => id);
    await executor.update(workouts).set({ isStale: true }).where(isOneOf(ids));
    changed += ids.length;
  }
  return changed;
}

/** Has the rides made again whose stress comes from the heart rate: its bounds in the rider's settings were changed. */
export async function markHeartratesChanged(executor: Executor, userId: string): Promise<void> {
  await executor
    .update(workouts)
    .set({ isStale: true })
    .where(
      and(
        ofUser(userId),
        sql`${workouts.summary} ->> '$.avgPower' IS NULL`,
        sql`${workouts.summary} ->> '$.avgHeartrate' IS NOT NULL`,
        hasTelemetry(executor),
      ),
    );
}

/** Has the rides made again that were made by earlier definitions. */
export async function markOutdated(executor: Executor): Promise<void> {
  await executor
    .update(workouts)
    .set({ isStale: true })
    .where(
      and(
        lt(workouts.definitionsVersion, DEFINITIONS_VERSION),
        isNotNull(workouts.summary),
        hasTelemetry(executor),
      ),
    );
}

/** Leaves rides to be made again from telemetry, by the next run or the server. */
export async function markLeftOver(executor: Executor, ids: readonly string[]): Promise<void> {
  await executor.update(workouts).set({ isStale: true, definitionsVersion: 0 }).where(isOneOf(ids));
}

/** A ride that cannot be made again stays as it is, and is not tried over and over. */
export async function unmarkStale(executor: Executor, id: string): Promise<void> {
  await executor.update(workouts).set({ isStale: false }).where(eq(workouts.id, id));
}

async function idsOf(executor: Executor, where: SQL | undefined, limit = -1): Promise<string[]> {
  const rows = await executor
    .select({ id: workouts.id })
    .from(workouts)
    .where(where)
    .orderBy(desc(workouts.startTime))
    .limit(limit);
  return rows.map(({ id }) => id);
}

function within({ userId, since }: Scope): SQL | undefined {
  return and(ofUser(userId), since && gte(workouts.startTime, since));
}

function ofUser(userId: string | undefined): SQL | undefined {
  return userId === undefined ? undefined : eq(workouts.userId, userId);
}

function hasTelemetry(executor: Executor): SQL {
  return exists(executor.select({ one: sql`1` }).from(telemetry).where(eq(telemetry.workoutId, workouts.id)));
}

function isOneOf(ids: readonly string[]): SQL {
  return sql`${workouts.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}
