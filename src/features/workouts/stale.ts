import { and, count, desc, eq, exists, gte, inArray, isNotNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { ftpHistory, telemetry, workouts } from "../../db/schema.ts";
import { DEFINITIONS_VERSION } from "../../domain/summary.ts";

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

/** Has the rides from `since` on and before `before` made again, those in the trash too; resolves to how many. */
export async function markFtpChanged(
  executor: Executor,
  userId: string,
  since: Date,
  before: Date | undefined,
): Promise<number> {
  const marked = await executor
    .update(workouts)
    .set({ isStale: true })
    .where(
      and(
        eq(workouts.userId, userId),
        isNotNull(workouts.summary),
        gte(workouts.startTime, since),
        before && lt(workouts.startTime, before),
      ),
    )
    .returning({ id: workouts.id });
  return marked.length;
}

/** A rider's days have moved, and with them the FTP of rides near the day of a change. */
export async function markDaysChanged(executor: Executor, userId: string): Promise<void> {
  const withFtp = executor.select({ userId: ftpHistory.userId }).from(ftpHistory);
  await executor
    .update(workouts)
    .set({ isStale: true })
    .where(and(eq(workouts.userId, userId), isNotNull(workouts.summary), inArray(workouts.userId, withFtp)));
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
