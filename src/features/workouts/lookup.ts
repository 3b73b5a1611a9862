import type { Executor } from "../../db/database.ts";
import type { OpenPause } from "../../db/schema.ts";
import type { Pause } from "../../domain/timeline.ts";
import { AppError } from "../../errors.ts";
import type { StreamKey } from "../../streams/buffer.ts";
import { findWorkout, UNFINISHED, type WorkoutRow } from "./repository.ts";

/** @throws AppError workout_not_found when it is not there or not theirs. */
export async function getWorkout(executor: Executor, userId: string, id: string): Promise<WorkoutRow> {
  const workout = await findWorkout(executor, userId, id);
  if (!workout) throw new AppError("workout_not_found", `There is no workout ${id}.`);
  return workout;
}

export function isUnfinished({ status }: Pick<WorkoutRow, "status">): boolean {
  return UNFINISHED.includes(status);
}

/**
 * The explicit pauses by the clock of the samples, which this machine's is `clockLead` ms ahead of; one that is still on
 * ends now, in epoch ms by this machine's clock.
 */
export function pausesOf(
  { pauses }: Pick<WorkoutRow, "pauses">,
  { now, clockLead }: { now: number; clockLead: number },
): Pause[] {
  return pauses.map(({ from, to, fromSender, toSender }) => ({
    from: fromSender ? from : from - clockLead,
    to: to !== null && toSender ? to : (to ?? now) - clockLead,
  }));
}

/** Pauses as they are stored once it is known when they were by the clock of the samples. */
export function bySender(pauses: readonly Pause[]): OpenPause[] {
  return pauses.map((pause) => ({ ...pause, fromSender: true, toSender: true }));
}

/** The same of those of an unfinished workout, of which the last may still be on. */
export function openBySender(workout: Pick<WorkoutRow, "pauses">, clockLead: number): OpenPause[] {
  const pauses = bySender(pausesOf(workout, { now: 0, clockLead }));
  return pauses.map((pause, index) =>
    workout.pauses[index]?.to === null ? { from: pause.from, to: null, fromSender: true } : pause,
  );
}

export function streamKey({ userId, streamName }: Pick<WorkoutRow, "userId" | "streamName">): StreamKey {
  return { owner: userId, name: streamName };
}
