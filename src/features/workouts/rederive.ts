import { setImmediate } from "node:timers/promises";
import type { Executor } from "../../db/database.ts";
import { curveMetrics, type MeanMaximalCurves } from "../../domain/mean-maximal.ts";
import { DEFINITIONS_VERSION, EMPTY_SUMMARY, type Summary, withFtp } from "../../domain/summary.ts";
import type { Deps } from "../../runtime.ts";
import { type RiderFigures, readFigures, rideTimes, summaryColumns } from "./derivation.ts";
import { findEfforts, regroupEfforts, saveEfforts } from "./efforts.ts";
import { pausesOf } from "./lookup.ts";
import { openRecording } from "./open-recording.ts";
import {
  findTelemetry,
  findWorkoutById,
  type NewWorkout,
  updateDerived,
  type WorkoutRow,
} from "./repository.ts";

/** What a ride had and has now; curves are named powerCurve, heartrateCurve and speedCurve. */
export type Change = { field: string; from: unknown; to: unknown };

/** A finished ride made again: what goes into its row, and its curves where they were made again too. */
type Remade = { columns: Partial<NewWorkout> & { summary: Summary }; curves?: MeanMaximalCurves };

/**
 * Makes what is worked out from a ride again, from its telemetry; where only the FTP has changed, only what depends on
 * that, and where the stored summary has all it takes, from that. With `anew` everything, from telemetry. Writes only
 * what differs; resolves to what that is.
 * @throws TelemetryError when the telemetry is damaged.
 */
export async function rederive(
  deps: Pick<Deps, "database" | "now">,
  workoutId: string,
  { anew }: { anew: boolean },
): Promise<Change[]> {
  const { database, now } = deps;
  const workout = await findWorkoutById(database, workoutId);
  if (!workout?.summary) return [];
  const figures = await readFigures(database, workout, workout.startTime);
  const bytes = suffices(workout, workout.summary, anew)
    ? undefined
    : await findTelemetry(database, workout.id);
  const remade = await remake(workout, workout.summary, { bytes, figures, anew });
  await setImmediate();
  const changes = await database.transaction(async (transaction) => {
    // Changed meanwhile: then the ride is not to count as up to date.
    const { sport } = (await findWorkoutById(transaction, workoutId)) ?? workout;
    const latest = await readFigures(transaction, { ...workout, sport }, workout.startTime);
    const isUpToDate = Bun.deepEquals(latest, figures) && sport === workout.sport;
    return isUpToDate ? save(transaction, workout, remade, new Date(now())) : undefined;
  });
  return changes ?? rederive(deps, workoutId, { anew });
}

/** Whether a stored summary has all it takes: of a ride with neither power nor heart rate no figure says anything. */
function suffices(workout: WorkoutRow, stored: Summary, anew: boolean): boolean {
  return !anew && isCurrent(workout) && stored.avgPower === null && stored.avgHeartrate === null;
}

/** Whether today's definitions have made its summary: where that has power, only the FTP can have changed. */
function isCurrent({ definitionsVersion }: WorkoutRow): boolean {
  return definitionsVersion === DEFINITIONS_VERSION;
}

async function remake(
  workout: WorkoutRow,
  stored: Summary,
  { bytes, figures, anew }: { bytes: Uint8Array | undefined; figures: RiderFigures; anew: boolean },
): Promise<Remade> {
  using recording = bytes && (await openRecording(bytes));
  const span = recording && (await recording.span());
  if (!recording || !span) {
    const summary = withFtp({ ...EMPTY_SUMMARY, ...stored }, figures.ftp);
    return { columns: { summary, trainingStress: summary.trainingStress, isStale: false } };
  }
  const pauses = pausesOf(workout, { now: span.to, clockLead: 0 });
  if (!anew && isCurrent(workout) && stored.avgPower !== null) {
    const summary = await recording.deriveWithFtp(stored, { pauses, ftp: figures.ftp });
    return { columns: summaryColumns(summary) };
  }
  const { skippedMessages } = stored;
  const { summary, curves } = await recording.derive({ pauses, ...figures, skippedMessages });
  const [startTime, endTime] = [new Date(span.from), new Date(span.to)];
  const times = rideTimes({ startTime, endTime, elapsedTime: summary.elapsedTime }, span.to);
  return { columns: { ...summaryColumns(summary), ...times }, curves };
}

/** What is right already is left alone, down to the time of the workout's last change. */
async function save(
  executor: Executor,
  workout: WorkoutRow,
  { columns, curves }: Remade,
  time: Date,
): Promise<Change[]> {
  const { summary, ...others } = columns;
  const curveChanges = curves ? await compareCurves(executor, workout.id, curves) : [];
  const changes = [
    ...compare({ ...workout.summary }, { ...summary }),
    ...compare(workout, { startTime: others.startTime, endTime: others.endTime, duration: others.duration }),
    ...curveChanges,
  ];
  const saved = await updateDerived(executor, workout, columns, changes.length > 0 ? time : undefined);
  if (!saved) return [];
  await regroupEfforts(executor, saved);
  if (curves && changes.length > 0) await saveEfforts(executor, saved, curves);
  // The power curve is in the summary as well: once will do.
  return changes.filter(({ field }, index) => changes.findIndex((other) => other.field === field) === index);
}

async function compareCurves(
  executor: Executor,
  workoutId: string,
  curves: MeanMaximalCurves,
): Promise<Change[]> {
  const changes = await Promise.all(
    curveMetrics.map(async (metric) => {
      const efforts = await findEfforts(executor, workoutId, metric);
      const stored = Object.fromEntries(efforts.map(({ duration, value }) => [duration, value]));
      return compare({ [`${metric}Curve`]: stored }, { [`${metric}Curve`]: curves[metric] ?? {} });
    }),
  );
  return changes.flat();
}

/** The fields in which two objects differ as JSON, undefined ones of the second apart. */
function compare(from: Record<string, unknown>, to: Record<string, unknown>): Change[] {
  return Object.keys(to)
    .filter((field) => to[field] !== undefined && JSON.stringify(from[field]) !== JSON.stringify(to[field]))
    .map((field) => ({ field, from: from[field], to: to[field] }));
}
