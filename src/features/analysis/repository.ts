import { and, count, eq, inArray, isNotNull, min, type SQL, sql, sum } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { workouts } from "../../db/schema.ts";
import { round } from "../../domain/rounding.ts";
import type { Span } from "../../domain/span.ts";
import type { Summary } from "../../domain/summary.ts";
import { COUNTED, partsOf, startedWithin } from "../workouts/repository.ts";
import { ofSportGroup } from "../workouts/sports.ts";

/** Sums over workouts: times in s, distance and elevation in m, energy in kJ, power in W, stress in TSS. */
export type Totals = {
  workoutCount: number;
  totalDuration: number;
  totalDistance: number;
  totalEnergy: number;
  totalElevationGain: number;
  /** Weighted by recorded time; null when no workout has power. */
  avgPower: number | null;
  trainingStress: number;
};

type Sums = Omit<Totals, "avgPower"> & { powerTime: number; timeWithPower: number };

const NOTHING: Sums = {
  workoutCount: 0,
  totalDuration: 0,
  totalDistance: 0,
  totalEnergy: 0,
  totalElevationGain: 0,
  trainingStress: 0,
  powerTime: 0,
  timeWithPower: 0,
};

const ofSummary = (field: keyof Summary) => sql`(${workouts.summary} ->> ${sql.raw(`'$.${field}'`)})`;
const total = (value: Parameters<typeof sum>[0]) => sum(value).mapWith(Number);

/** The sums over a user's finished workouts that started within a span, of all sports or of one group. */
export async function sumWorkouts(
  executor: Executor,
  userId: string,
  span: Span,
  group?: string,
): Promise<Totals> {
  const sums = { ...NOTHING };
  const where = await counted(executor, userId, group);
  for await (const part of partsOf(executor, userId, span)) {
    const found = await sumPart(executor, where, part);
    for (const field of Object.keys(sums) as (keyof Sums)[]) sums[field] += found?.[field] ?? 0;
  }
  const { powerTime, timeWithPower, ...totals } = sums;
  return {
    ...totals,
    avgPower: timeWithPower > 0 ? round(powerTime / timeWithPower) : null,
    trainingStress: round(totals.trainingStress, 1),
  };
}

async function sumPart(executor: Executor, where: SQL | undefined, part: Span) {
  const avgPower = ofSummary("avgPower");
  const recordedTime = ofSummary("recordedTime");
  const [row] = await executor
    .select({
      workoutCount: count(),
      totalDuration: total(workouts.duration),
      totalDistance: total(ofSummary("totalDistance")),
      totalEnergy: total(ofSummary("totalEnergy")),
      totalElevationGain: total(ofSummary("elevationGain")),
      powerTime: total(sql`${avgPower} * ${recordedTime}`),
      timeWithPower: total(sql`iif(${avgPower} IS NULL, 0, ${recordedTime})`),
      trainingStress: total(workouts.trainingStress),
    })
    .from(workouts)
    .where(and(where, startedWithin(part)));
  return row;
}

/** When each finished workout with a training stress started, in epoch ms, and that stress. */
export async function listStress(
  executor: Executor,
  userId: string,
  group?: string,
): Promise<[startTime: number, trainingStress: number][]> {
  // As one text: the client takes longer to make a row than SQLite to find it, and there are years of them.
  const pair = sql`json_array(${workouts.startTime}, ${workouts.trainingStress})`;
  const [row] = await executor
    .select({ pairs: sql<string>`json_group_array(${pair})` })
    .from(workouts)
    .where(and(await counted(executor, userId, group), isNotNull(workouts.trainingStress)));
  return JSON.parse(row?.pairs ?? "[]");
}

/** When the first finished workout started; null when there is none. */
export async function findFirstStart(
  executor: Executor,
  userId: string,
  group?: string,
): Promise<Date | null> {
  const [row] = await executor
    .select({ first: min(workouts.startTime) })
    .from(workouts)
    .where(await counted(executor, userId, group));
  return row?.first ?? null;
}

async function counted(executor: Executor, userId: string, group: string | undefined) {
  const ofGroup = group === undefined ? undefined : await ofSportGroup(executor, userId, group);
  return and(eq(workouts.userId, userId), inArray(workouts.status, COUNTED), ofGroup);
}
