import type { Rider } from "../../support/accounts.ts";
import { eachSecond, finishedRide, type Workout } from "../workouts/rides.ts";

export type Metric = "power" | "heartrate" | "speed";
export type Point = { duration: number; value: number; workoutId: string; achievedAt: string };
export type RecordPoint = Point & { metric: Metric };
export type TrainingDay = { date: string; stress: number; fitness: number; fatigue: number; form: number };
export type Totals = {
  workoutCount: number;
  totalDuration: number;
  totalDistance: number;
  totalEnergy: number;
  totalElevationGain: number;
  avgPower: number | null;
  trainingStress: number;
};
export type Month = { year: number; month: number } & Totals;
export type FtpEntry = {
  id: string;
  userId: string;
  ftp: number;
  sport: string;
  source: string | null;
  effectiveFrom: string;
  createdAt: string;
};
export type FtpAnswer = FtpEntry & { rederiving: { rides: number; remaining: number } };

/** What no ride has contributed to. */
export const NO_TOTALS: Totals = {
  workoutCount: 0,
  totalDuration: 0,
  totalDistance: 0,
  totalEnergy: 0,
  totalElevationGain: 0,
  avgPower: null,
  trainingStress: 0,
};

/** A completed ride of so many seconds that all read the same, from an ISO time on. */
export function rideAt(
  rider: Rider,
  time: string,
  fields: object = { power: 200 },
  seconds = 10,
  body: object = {},
): Promise<Workout> {
  return finishedRide(rider, eachSecond(seconds, fields, Date.parse(time)), body);
}

export function setFtp(
  rider: Rider,
  ftp: number,
  effectiveFrom?: string,
  sport?: string,
): Promise<FtpAnswer> {
  return rider.send("PUT", "/api/users/me/ftp", { ftp, effectiveFrom, sport });
}

export async function setTimeZone(rider: Rider, timezone: string | null): Promise<void> {
  await rider.send("PATCH", "/api/users/me", { settings: { timezone } });
}

export async function recordsOf(rider: Rider, query = ""): Promise<RecordPoint[]> {
  return (await rider.ok<{ records: RecordPoint[] }>(`/api/records${query}`)).records;
}

export async function bestCurve(rider: Rider, query = ""): Promise<Point[]> {
  return (await rider.ok<{ points: Point[] }>(`/api/power-curve${query}`)).points;
}

export async function curveOf(rider: Rider, id: string, query = ""): Promise<Point[]> {
  return (await rider.ok<{ points: Point[] }>(`/api/workouts/${id}/power-curve${query}`)).points;
}

export async function loadOf(rider: Rider, query = ""): Promise<TrainingDay[]> {
  return (await rider.ok<{ days: TrainingDay[] }>(`/api/training-load${query}`)).days;
}

export function totalsOf(rider: Rider, query = ""): Promise<Totals> {
  return rider.ok(`/api/stats${query}`);
}

export async function monthsOf(rider: Rider, query: string): Promise<Month[]> {
  return (await rider.ok<{ months: Month[] }>(`/api/stats/monthly${query}`)).months;
}

/** From duration to value. */
export function valuesOf(points: readonly Point[]): Record<number, number> {
  return Object.fromEntries(points.map(({ duration, value }) => [duration, value]));
}
