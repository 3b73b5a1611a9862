import { and, eq, inArray, sql } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { ftpHistory, telemetry, workouts } from "../../db/schema.ts";

/** Whose something is. */
export type Owned = { id: string; userId: string };

/** How many samples a ride's telemetry has: those that count and those that are left out of every metric. */
const SAMPLE_COUNT = sql<
  number | null
>`${workouts.summary} ->> '$.sampleCount' + coalesce(${workouts.summary} ->> '$.skippedSamples', 0)`;

/** What tells whether a workout is the same as another with its id; `sampleCount` is null while it is unfinished. */
export type StoredWorkout = Owned & { updatedAt: Date; sampleCount: number | null };

export function findStoredWorkouts(executor: Executor, ids: readonly string[]): Promise<StoredWorkout[]> {
  return executor
    .select({
      id: workouts.id,
      userId: workouts.userId,
      updatedAt: workouts.updatedAt,
      sampleCount: SAMPLE_COUNT,
    })
    .from(workouts)
    .where(inArray(workouts.id, [...ids]));
}

export function findStoredFtp(executor: Executor, ids: readonly string[]): Promise<Owned[]> {
  return executor
    .select({ id: ftpHistory.id, userId: ftpHistory.userId })
    .from(ftpHistory)
    .where(inArray(ftpHistory.id, [...ids]));
}

/** Of a user's workouts with these ids: how many there are, how many have telemetry, and of how many samples. */
export async function countStored(executor: Executor, userId: string, ids: readonly string[]) {
  const sampleCount = sql`iif(${telemetry.workoutId} IS NULL, 0, ${SAMPLE_COUNT})`;
  const [row] = await executor
    .select({
      workouts: sql<number>`count(*)`,
      workoutsWithSamples: sql<number>`count(${telemetry.workoutId})`,
      samples: sql<number>`coalesce(sum(${sampleCount}), 0)`,
    })
    .from(workouts)
    .leftJoin(telemetry, eq(telemetry.workoutId, workouts.id))
    .where(
      and(
        eq(workouts.userId, userId),
        sql`${workouts.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
      ),
    );
  return row ?? { workouts: 0, workoutsWithSamples: 0, samples: 0 };
}
