import { parseConfig } from "../config.ts";
import type { Database } from "../db/database.ts";
import { type Change, rederive } from "../features/workouts/rederive.ts";
import { findWorkoutById } from "../features/workouts/repository.ts";
import {
  listDerivable,
  listLeftOver,
  markLeftOver,
  type Scope,
  unmarkStale,
} from "../features/workouts/stale.ts";
import { findRider } from "./find-rider.ts";
import { openDatabase } from "./open-database.ts";
import { startRideBar } from "./progress.ts";
import { terminationSignal } from "./termination.ts";

type Options = {
  /** An e-mail address or an id. */
  user?: string;
  since?: Date;
};

type Outcome = { done: number; changed: number; failed: number };

/**
 * Derives everything again from telemetry and prints what that changed. A run that was stopped is taken up where it
 * was, be it by the next one or by the server.
 * @throws Error with a sentence for the operator when there is no such rider, the data cannot be opened, the run was
 * stopped, or rides could not be derived.
 */
export async function recompute(
  { user, since }: Options,
  environment: Record<string, string | undefined>,
): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  const userId = user === undefined ? undefined : (await findRider(database, user)).id;
  const ids = await pending(database, { userId, since });
  const stop = new AbortController();
  terminationSignal().then(() => stop.abort());

  const { done, changed, failed } = await recomputeAll(database, ids, stop.signal);
  const left = ids.slice(done + failed);
  await markLeftOver(database, left);
  print(`${done} ${done === 1 ? "ride" : "rides"} derived again, ${changed} changed.`);
  if (failed > 0)
    print(`${failed} could not be derived and ${failed === 1 ? "stays as it is" : "stay as they are"}.`);
  if (left.length > 0)
    throw new Error(`Stopped with ${left.length} to go. The next run, or the server, goes on.`);
  if (failed > 0) throw new Error("Not all rides could be derived.");
}

/** What is left of an earlier run, or else all rides that there is telemetry of. */
async function pending(database: Database, scope: Scope): Promise<string[]> {
  const left = await listLeftOver(database, scope);
  if (left.length === 0) return listDerivable(database, scope);
  print(`Going on with ${left.length} that were left to be derived.`);
  return left;
}

async function recomputeAll(database: Database, ids: string[], signal: AbortSignal): Promise<Outcome> {
  const bar = startRideBar("Deriving");
  const outcome: Outcome = { done: 0, changed: 0, failed: 0 };
  const reports: string[] = [];
  for (const id of ids) {
    if (signal.aborted) break;
    try {
      const changes = await rederive({ database, now: Date.now }, id, { anew: true });
      outcome.done += 1;
      if (changes.length > 0) outcome.changed += 1;
      if (changes.length > 0) reports.push(await reportOf(database, id, changes));
    } catch (error) {
      outcome.failed += 1;
      await unmarkStale(database, id);
      reports.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
    bar.update(outcome.done + outcome.failed, ids.length);
  }
  bar.stop();
  // Only now, since the bar is drawn over and over on the line where they would go.
  for (const report of reports) print(report);
  return outcome;
}

async function reportOf(database: Database, id: string, changes: Change[]): Promise<string> {
  const workout = await findWorkoutById(database, id);
  const day = workout?.startTime.toISOString().slice(0, 10) ?? "";
  const lines = changes.flatMap(describeChange).map((line) => `\n  ${line}`);
  // Quoted, since a title may have anything in it that a terminal would act on.
  return `${day} ${id} ${JSON.stringify(workout?.title ?? "")}${lines.join("")}`;
}

/** A line for each value that differs; a curve that was not there before is only counted. */
function describeChange({ field, from, to }: Change): string[] {
  if (!isCurve(to)) return [`${field}: ${shown(from)} → ${shown(to)}`];
  const before = isCurve(from) ? from : {};
  const points = [...new Set([...Object.keys(before), ...Object.keys(to)])];
  if (Object.keys(before).length === 0) return [`${field}: none → ${points.length} points`];
  return points
    .filter((duration) => before[duration] !== to[duration])
    .map((duration) => `${field}, ${duration} s: ${shown(before[duration])} → ${shown(to[duration])}`);
}

function isCurve(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function shown(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return isCurve(value) ? `${Object.keys(value).length} points` : String(value ?? "none");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
