import type { Executor } from "../../db/database.ts";
import { DEFINITIONS_VERSION, type RideContext, type Summary } from "../../domain/summary.ts";
import { readRiderContext } from "../accounts/rider-context.ts";
import { findFtpInForce } from "../ftp/repository.ts";
import { pausesOf } from "./lookup.ts";
import type { WorkoutRow } from "./repository.ts";
import type { Ride } from "./ride.ts";

/** What a ride's figures are worked out with, beside its samples. */
export type RiderFigures = Pick<RideContext, "ftp" | "heartrates">;

/** The rider's figures on the day of a ride that started at `startTime`, for its sport. */
export async function readFigures(
  executor: Executor,
  { userId, sport }: Pick<WorkoutRow, "userId" | "sport">,
  startTime: Date,
): Promise<RiderFigures> {
  const ftp = await findFtpInForce(executor, userId, startTime, sport);
  const { heartrates } = await readRiderContext(executor, userId);
  return { ftp, heartrates };
}

/** All that is worked out from what an unfinished workout's stream holds, as if it had ended now. */
export async function deriveUnfinished(
  { database, now }: { database: Executor; now: () => number },
  workout: WorkoutRow,
  { recording, clockLead, skippedMessages }: Ride,
) {
  const span = await recording.span();
  const startTime = span ? new Date(span.from) : workout.startTime;
  const figures = await readFigures(database, workout, startTime);
  const time = now();
  const pauses = pausesOf(workout, { now: time, clockLead });
  const derivation = await recording.derive({ pauses, ...figures, skippedMessages });
  const endTime = span && new Date(span.to);
  const times = rideTimes({ startTime, endTime, elapsedTime: derivation.summary.elapsedTime }, time);
  return { figures, pauses, times, time, ...derivation };
}

/** When a ride began, ended, and how long it took in s; one without samples ends at `time`, in epoch ms. */
export function rideTimes(
  { startTime, endTime, elapsedTime }: { startTime: Date; endTime: Date | null; elapsedTime: number },
  time: number,
) {
  if (endTime) return { startTime, endTime, duration: elapsedTime };
  const end = new Date(Math.max(time, startTime.getTime()));
  return { startTime, endTime: end, duration: Math.round((end.getTime() - startTime.getTime()) / 1000) };
}

/** The columns of a workout that hold a summary just made. */
export function summaryColumns(summary: Summary) {
  return {
    summary,
    trainingStress: summary.trainingStress,
    definitionsVersion: DEFINITIONS_VERSION,
    isStale: false,
  };
}
