import { and, count, desc, eq, exists, gte, isNotNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { telemetry, workouts } from "../../db/schema.ts";
import { DEFINITIONS_VERSION } from "../../domain/summary.ts";
import { readFtpHistory } from "../ftp/repository.ts";

/*
 * What is worked out from a ride is stale when its FTP has changed (`isStale`), or when it was made by earlier
 * definitions and there is telemetry to make it again from. It is noted in the database, in the transaction that
 * causes it, and so survives whatever happens before it is made again.
 */

/** Undefined in any of its fields means: whatever it is. */
export type Scope = { userId?: string | undefined; since?: Date | undefined };

const hasTelemetry = (executor: Executor) =>
  exists(executor.select({ one: sql`1` }).from(telemetry).where(eq(telemetry.workoutId, workouts.id)));

function isStale(executor: Executor, { userId, since }: Scope): SQL | undefined {
  return and(
    isNotNull(workouts.summary),
    // Written out, since a parameter would keep the partial index from being used.
    or(sql`is_stale = 1`, and(lt(workouts.definitionsVersion, DEFINITIONS_VERSION), hasTelemetry(executor))),
    userId === undefined ? undefined : eq(workouts.userId, userId),
    since && gte(workouts.startTime, since),
  );
}

/** Ids, newest ride first: those are what people look at. */
export async function listStale(executor: Executor, scope: Scope): Promise<string[]> {
  const rows = await executor
    .select({ id: workouts.id })
    .from(workouts)
    .where(isStale(executor, scope))
    .orderBy(desc(workouts.startTime));
  return rows.map(({ id }) => id);
}

export async function countStale(executor: Executor, userId: string): Promise<number> {
  const [row] = await executor.select({ total: count() }).from(workouts).where(isStale(executor, { userId }));
  return row?.total ?? 0;
}

/**
 * Has the rides made again, those in the trash too, whose FTP is no longer the one on their day: a value was set, or
 * the rider's days have moved. Resolves to how many that are.
 */
export async function markFtpChanged(executor: Executor, userId: string): Promise<number> {
  const ftpAt = await readFtpHistory(executor, userId);
  const rides = await executor
    .select({
      id: workouts.id,
      startTime: workouts.startTime,
      ftp: sql<number | null>`${workouts.summary} ->> '$.ftp'`,
    })
    .from(workouts)
    .where(and(eq(workouts.userId, userId), isNotNull(workouts.summary)));
  const changed = rides.filter(({ startTime, ftp }) => ftpAt(startTime) !== ftp).map(({ id }) => id);
  await executor
    .update(workouts)
    .set({ isStale: true })
    .where(sql`${workouts.id} IN (SELECT value FROM json_each(${JSON.stringify(changed)}))`);
  return changed.length;
}

/** Has every ride of the scope that has telemetry made again from it. */
export async function markOutdated(executor: Executor, { userId, since }: Scope): Promise<void> {
  await executor
    .update(workouts)
    .set({ definitionsVersion: 0 })
    .where(
      and(
        isNotNull(workouts.summary),
        hasTelemetry(executor),
        userId === undefined ? undefined : eq(workouts.userId, userId),
        since && gte(workouts.startTime, since),
      ),
    );
}
