import type { Executor } from "../../db/database.ts";
import { AppError } from "../../errors.ts";
import type { StreamKey } from "../../streams/buffer.ts";
import { findWorkout, type WorkoutRow } from "./repository.ts";

/** @throws AppError workout_not_found when it is not there or not theirs. */
export async function getWorkout(executor: Executor, userId: string, id: string): Promise<WorkoutRow> {
  const workout = await findWorkout(executor, userId, id);
  if (!workout) throw new AppError("workout_not_found", `There is no workout ${id}.`);
  return workout;
}

export function isUnfinished({ status }: Pick<WorkoutRow, "status">): boolean {
  return status === "ACTIVE" || status === "PAUSED";
}

export function streamKey({ userId, streamName }: Pick<WorkoutRow, "userId" | "streamName">): StreamKey {
  return { owner: userId, name: streamName };
}
