import type { Executor } from "../../db/database.ts";
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

/** The explicit pauses; one that is still on ends at `time`, epoch ms. */
export function pausesUntil({ pauses }: Pick<WorkoutRow, "pauses">, time: number): Pause[] {
  return pauses.map(({ from, to }) => ({ from, to: to ?? time }));
}

export function streamKey({ userId, streamName }: Pick<WorkoutRow, "userId" | "streamName">): StreamKey {
  return { owner: userId, name: streamName };
}
