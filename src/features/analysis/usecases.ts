import type { z } from "zod";
import type { Executor } from "../../db/database.ts";
import { dayAt, firstOfMonth, startOfDay } from "../../domain/calendar.ts";
import { beginning, type Span, spanOf } from "../../domain/span.ts";
import { type TrainingDay, trainingLoad } from "../../domain/training-load.ts";
import { invalidInput } from "../../http/validate.ts";
import { LONGEST_SPAN_DAYS } from "../../limits.ts";
import { findTimeZone } from "../accounts/repository.ts";
import { findFirstStart, listStress, sumWorkouts, type Totals } from "./repository.ts";
import type { monthlyQuery, SpanQuery, sumsQuery } from "./schemas.ts";

export type Month = { year: number; month: number } & Totals;

/** The time zone asked for, or else the user's. */
async function zoneOf(executor: Executor, userId: string, tz: string | undefined): Promise<string> {
  return tz ?? (await findTimeZone(executor, userId));
}

/** @throws AppError invalid_input when the span ends before it begins. */
export async function readSpan(
  executor: Executor,
  userId: string,
  { from, to, tz }: SpanQuery,
): Promise<Span & { zone: string }> {
  const zone = await zoneOf(executor, userId, tz);
  const span = spanOf({ from, to }, zone);
  // A day that a time zone has left out ends before it begins: such a span is empty, but no mistake.
  const isMistaken = from !== undefined && to !== undefined && beginning(from, zone) > beginning(to, zone);
  if (span.from > span.to && isMistaken)
    throw invalidInput([{ path: ["to"], message: "must not be before the beginning" }]);
  return { ...span, zone };
}

/** The sums of each month of a year, or of one month, in which there were workouts. */
export async function monthlyTotals(
  executor: Executor,
  userId: string,
  { year, month, tz }: z.output<typeof monthlyQuery>,
): Promise<Month[]> {
  const zone = await zoneOf(executor, userId, tz);
  const wanted = month === undefined ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] : [month];
  const months = await Promise.all(
    wanted.map(async (month) => {
      const from = new Date(startOfDay(firstOfMonth(year, month), zone));
      const to = new Date(startOfDay(firstOfMonth(year, month + 1), zone) - 1);
      return { year, month, ...(await sumWorkouts(executor, userId, { from, to })) };
    }),
  );
  return months.filter(({ workoutCount }) => workoutCount > 0);
}

/**
 * Every day of a span, whole days: from the first ride on unless `from` says otherwise, until today unless `to` does.
 * @throws AppError invalid_input when the span ends before it begins or is beyond all riders' lives.
 */
export async function readTrainingLoad(
  executor: Executor,
  userId: string,
  query: z.output<typeof sumsQuery>,
  now: number,
): Promise<TrainingDay[]> {
  const { zone, ...span } = await readSpan(executor, userId, query);
  const start = query.from === undefined ? await findFirstStart(executor, userId, query.sport) : span.from;
  if (!start) return [];
  const last = dayAt(query.to === undefined ? now : span.to.getTime(), zone);
  const earliest = last - LONGEST_SPAN_DAYS;
  const first = dayAt(start.getTime(), zone);
  if (query.from !== undefined && first < earliest) {
    throw invalidInput([
      { path: ["from"], message: `must be at most ${LONGEST_SPAN_DAYS} days before the end` },
    ]);
  }
  const stressByDay = new Map<number, number>();
  for (const [startTime, trainingStress] of await listStress(executor, userId, query.sport)) {
    const day = dayAt(startTime, zone);
    stressByDay.set(day, (stressByDay.get(day) ?? 0) + trainingStress);
  }
  // A ride under a clock that was never set is not where the days begin.
  return trainingLoad(stressByDay, Math.max(first, earliest), last);
}
