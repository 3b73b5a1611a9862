import type { Summary } from "../../../src/domain/summary.ts";
import { scheduleSweep } from "../../../src/features/workouts/sweep.ts";
import type { Rider } from "../../support/accounts.ts";
import { sendBatch } from "../streams/streams.ts";

export type Workout = {
  id: string;
  userId: string;
  streamName: string;
  title: string | null;
  description: string | null;
  sport: string;
  startTime: string;
  endTime: string | null;
  duration: number | null;
  status: "ACTIVE" | "PAUSED" | "COMPLETED" | "ARCHIVED" | "DELETED";
  summary: Summary | null;
  createdAt: string;
  updatedAt: string;
};

export type Changed = { success: true; workout: Workout };
type Effort = {
  metric: "power" | "heartrate" | "speed";
  duration: number;
  value: number;
  workoutId: string;
  achievedAt: string;
};
export type Completed = Changed & { archivedMessages: number; newRecords: Effort[] };
export type Page = {
  workouts: Workout[];
  pagination: { page: number; limit: number; total: number; totalPages: number };
};
export type Sample = { timestamp: number; [field: string]: unknown };

/** When the made-up rides begin. */
export const RIDE_START = Date.UTC(2026, 5, 1, 10);

/** So many samples, one a second. */
export function eachSecond(count: number, fields: object = { power: 200 }, start = RIDE_START): Sample[] {
  return Array.from({ length: count }, (_, second) => ({ timestamp: start + second * 1000, ...fields }));
}

export async function startRide(rider: Rider, body: object = {}): Promise<Workout> {
  return (await rider.send<Changed>("POST", "/api/workouts", body)).workout;
}

type Action = "pause" | "resume" | "archive" | "restore";

export async function change(rider: Rider, id: string, action: Action): Promise<Workout> {
  return (await rider.send<Changed>("POST", `/api/workouts/${id}/${action}`)).workout;
}

export function complete(rider: Rider, id: string, body?: object): Promise<Completed> {
  return rider.send("POST", `/api/workouts/${id}/complete`, body);
}

export function trash(rider: Rider, id: string, query = ""): Promise<{ success: true; message: string }> {
  return rider.send("DELETE", `/api/workouts/${id}${query}`);
}

/** A completed workout with these messages in it. */
export async function finishedRide(
  rider: Rider,
  messages: readonly unknown[],
  body: object = {},
): Promise<Workout> {
  const { id, streamName } = await startRide(rider, body);
  if (messages.length > 0) await sendBatch(rider, streamName, messages);
  return (await complete(rider, id)).workout;
}

export async function getWorkout(rider: Rider, id: string): Promise<Workout> {
  return (await rider.ok<{ workout: Workout }>(`/api/workouts/${id}`)).workout;
}

export function telemetryOf(rider: Rider, id: string): Promise<Sample[]> {
  return rider.ok(`/api/workouts/${id}/telemetry`);
}

export async function summaryOf(rider: Rider, id: string): Promise<Summary | null> {
  return (await rider.ok<{ summary: Summary | null }>(`/api/workouts/${id}/summary`)).summary;
}

export function historyPage(rider: Rider, query = ""): Promise<Page> {
  return rider.ok(`/api/workouts${query}`);
}

export async function history(rider: Rider, query = "?limit=100"): Promise<Workout[]> {
  return (await historyPage(rider, query)).workouts;
}

/** What the schedule does each time. */
export async function sweepOnce(deps: Parameters<typeof scheduleSweep>[0]): Promise<void> {
  const schedule = scheduleSweep(deps);
  await schedule.run();
  await schedule.stop();
}
