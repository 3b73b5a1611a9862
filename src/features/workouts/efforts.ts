import { setImmediate } from "node:timers/promises";
import { and, asc, desc, eq, gt, gte, inArray, lte, max, ne, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { Executor } from "../../db/database.ts";
import { bestEfforts, workouts } from "../../db/schema.ts";
import {
  type CurveMetric,
  curveMetrics,
  durationsUpTo,
  type MeanMaximalCurves,
} from "../../domain/mean-maximal.ts";
import { RECORD_DURATIONS } from "../../domain/records.ts";
import type { Span } from "../../domain/span.ts";
import { sportGroup } from "../../domain/sport.ts";
import { COUNTED, type WorkoutRow } from "./repository.ts";

/** The best mean over a duration in seconds, in the metric's unit, and the workout that it was achieved in. */
export type Effort = {
  metric: CurveMetric;
  duration: number;
  value: number;
  workoutId: string;
  achievedAt: Date;
};

/** An effort as a point of a curve, which is of one metric. */
export function curvePoint({ metric, ...point }: Effort) {
  return point;
}

const columns = {
  metric: bestEfforts.metric,
  duration: bestEfforts.duration,
  value: bestEfforts.value,
  workoutId: bestEfforts.workoutId,
  achievedAt: bestEfforts.achievedAt,
};

/** Puts a workout's curves in place of those it had. */
export async function saveEfforts(
  executor: Executor,
  { id, userId, startTime, sport }: Pick<WorkoutRow, "id" | "userId" | "startTime" | "sport">,
  curves: MeanMaximalCurves,
): Promise<void> {
  await executor.delete(bestEfforts).where(eq(bestEfforts.workoutId, id));
  const points = curveMetrics.flatMap((metric) =>
    Object.entries(curves[metric] ?? {}).map(([duration, value]) => [metric, Number(duration), value]),
  );
  // One parameter for all the points: building a statement of as many values would cost more than running it.
  await executor.insert(bestEfforts).select(sql`
    SELECT ${id}, value ->> 0, value ->> 1, value ->> 2, ${userId}, ${startTime.getTime()}, ${sportGroup(sport)}
    FROM json_each(${JSON.stringify(points)})`);
}

/** Has a workout's curves count for its sport, which may have been another. */
export async function regroupEfforts(
  executor: Executor,
  { id, sport }: Pick<WorkoutRow, "id" | "sport">,
): Promise<void> {
  const group = sportGroup(sport);
  await executor
    .update(bestEfforts)
    .set({ sportGroup: group })
    .where(and(eq(bestEfforts.workoutId, id), ne(bestEfforts.sportGroup, group)));
}

/** The curve of one workout, shortest duration first. */
export function findEfforts(executor: Executor, workoutId: string, metric: CurveMetric): Promise<Effort[]> {
  return executor
    .select(columns)
    .from(bestEfforts)
    .where(and(eq(bestEfforts.workoutId, workoutId), eq(bestEfforts.metric, metric)))
    .orderBy(asc(bestEfforts.duration));
}

/** The best of a group of sports in all the user's workouts that count and started within a span, shortest duration first. */
export async function findBestCurve(
  executor: Executor,
  userId: string,
  { metric, sport }: { metric: CurveMetric; sport: string },
  span: Span,
): Promise<Effort[]> {
  const [row] = await executor
    .select({ longest: max(bestEfforts.duration) })
    .from(bestEfforts)
    .where(
      and(
        eq(bestEfforts.userId, userId),
        eq(bestEfforts.sportGroup, sportGroup(sport)),
        eq(bestEfforts.metric, metric),
      ),
    );
  const durations = durationsUpTo(row?.longest ?? 0);
  return findBest(executor, { userId, sport, span }, [metric], durations);
}

/** The personal records of a sport's group in a span, in the order of their metrics and durations. */
export function findRecords(
  executor: Executor,
  userId: string,
  sport: string,
  span: Span,
): Promise<Effort[]> {
  return findBest(executor, { userId, sport, span }, curveMetrics, RECORD_DURATIONS);
}

/** Rides of a user, of one sport's group, that started within a span. */
type RideScope = { userId: string; sport: string; span: Span };

/**
 * For each metric and duration the first in the ranking, which an index has in order: greatest value, ties to the
 * earlier. So it takes one look for each, however many workouts there are. A best of zero is none.
 */
async function findBest(
  executor: Executor,
  of: RideScope,
  metrics: readonly CurveMetric[],
  durations: readonly number[],
): Promise<Effort[]> {
  const wanted = metrics.flatMap((metric) => durations.map((duration): Wanted => [metric, duration]));
  const found: Effort[] = [];
  for (let start = 0; start < wanted.length; start += LOOKS_AT_ONCE) {
    found.push(...(await lookFor(executor, of, wanted.slice(start, start + LOOKS_AT_ONCE))));
    await setImmediate();
  }
  return found;
}

type Wanted = [metric: CurveMetric, duration: number];

/** In a span without any rides, each look passes all of those in the ranking. */
const LOOKS_AT_ONCE = 8;

function lookFor(
  executor: Executor,
  { userId, sport, span }: RideScope,
  wanted: readonly Wanted[],
): Promise<Effort[]> {
  const metric = sql`wanted.value ->> 0`;
  const duration = sql`wanted.value ->> 1`;
  const candidate = alias(bestEfforts, "candidate");
  const first = executor
    .select({ workoutId: candidate.workoutId })
    .from(candidate)
    .innerJoin(workouts, eq(workouts.id, candidate.workoutId))
    .where(
      and(
        eq(candidate.userId, userId),
        eq(candidate.sportGroup, sportGroup(sport)),
        eq(candidate.metric, metric),
        eq(candidate.duration, duration),
        gt(candidate.value, 0),
        gte(candidate.achievedAt, span.from),
        lte(candidate.achievedAt, span.to),
        inArray(workouts.status, COUNTED),
      ),
    )
    .orderBy(desc(candidate.value), asc(candidate.achievedAt), asc(candidate.workoutId))
    .limit(1);
  return executor
    .select(columns)
    .from(sql`json_each(${JSON.stringify(wanted)}) AS wanted`)
    .innerJoin(
      bestEfforts,
      and(
        eq(bestEfforts.workoutId, sql`(${first})`),
        eq(bestEfforts.metric, metric),
        eq(bestEfforts.duration, duration),
      ),
    )
    .orderBy(sql`wanted.key`);
}
