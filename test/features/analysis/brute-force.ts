import type { Sample } from "../workouts/rides.ts";
import type { Metric, Point, RecordPoint } from "./analysis.ts";

/*
 * What rides tell, worked out the long way and with nothing from src/: every window of every ride is summed up anew.
 * For rides of one sample a second, a gap apart: whole seconds are all there is.
 */

const METRICS: readonly Metric[] = ["power", "heartrate", "speed"];
const CURVE_DURATIONS = [1, 2, 3, 5, 8, 10, 15, 20, 30, 60, 120];
const RECORD_DURATIONS = [5, 15, 30, 60, 120];
const LIMITS = { power: [0, 3000], heartrate: [20, 250], speed: [0, 200] } as const;
const ZONES = [0, 55, 75, 90, 105, 120, 150, Number.POSITIVE_INFINITY];

/** So much of a ride as counts here. */
export type Ridden = { id: string; start: number; sport: Sport; samples: readonly Sample[] };

/** Names of sports, and the group that each is of. */
export const GROUPS = {
  cycling: "cycling",
  "Gravel Bike": "cycling",
  running: "running",
  "LÄUFE im Wald": "läufe im wald",
} as const;
export type Sport = keyof typeof GROUPS;

/** Half up; a hair below a half is a half that sums of doubles have fallen short of. */
function halfUp(value: number, decimals: number): number {
  return Math.floor(value * 10 ** decimals + 0.5 + 1e-9) / 10 ** decimals;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Second by second: the sample that covers it, "pause" in a gap of more than 10 s but for its first second. */
function secondsOf({ start, samples }: Ridden): (Sample | "pause")[] {
  const last = samples.at(-1)?.timestamp ?? start - 1000;
  return Array.from({ length: (last - start) / 1000 + 1 }, (_, second) => {
    const time = start + second * 1000;
    const index = samples.findLastIndex(({ timestamp }) => timestamp <= time);
    const [sample, next] = [samples[index], samples[index + 1]];
    if (!sample) throw new Error("Before the ride");
    const isPause = next && next.timestamp - sample.timestamp > 10_000 && time > sample.timestamp;
    return isPause ? "pause" : sample;
  });
}

/**
 * Second by second: null where there is no reading, or none that could be. Where a sample lacks the field, the one
 * before goes on for 10 s, but not across a pause.
 */
function readingsOf(ride: Ridden, metric: Metric): (number | null)[] {
  let carried: { value: number | null; until: number } | undefined;
  return secondsOf(ride).map((second, index) => {
    if (second === "pause") {
      carried = undefined;
      return null;
    }
    if (second[metric] !== undefined) {
      carried = { value: withinLimits(second[metric], metric), until: second.timestamp + 10_000 };
      return carried.value;
    }
    return carried && ride.start + index * 1000 < carried.until ? carried.value : null;
  });
}

function withinLimits(value: unknown, metric: Metric): number | null {
  const [lowest, highest] = LIMITS[metric];
  return typeof value === "number" && value >= lowest && value <= highest ? value : null;
}

/** The best mean over a duration; null when the ride is shorter, or has no such reading at all. */
function bestMean(ride: Ridden, metric: Metric, duration: number): number | null {
  const seconds = readingsOf(ride, metric);
  if (seconds.length < duration || seconds.every((value) => value === null)) return null;
  const means = Array.from({ length: seconds.length - duration + 1 }, (_, from) =>
    mean(seconds.slice(from, from + duration).map((value) => value ?? 0)),
  );
  return halfUp(Math.max(...means), 1);
}

/** The best of all rides at one duration: ties to the earlier, and of two at the same time to the smaller id. */
function best(rides: readonly Ridden[], metric: Metric, duration: number): Point[] {
  let holder: { ride: Ridden; value: number } | undefined;
  for (const ride of rides) {
    const value = bestMean(ride, metric, duration);
    if (value === null) continue;
    const isBetter =
      !holder ||
      value > holder.value ||
      (value === holder.value &&
        (ride.start < holder.ride.start || (ride.start === holder.ride.start && ride.id < holder.ride.id)));
    if (isBetter) holder = { ride, value };
  }
  if (!holder) return [];
  const { ride, value } = holder;
  if (value === 0) return [];
  return [{ duration, value, workoutId: ride.id, achievedAt: new Date(ride.start).toISOString() }];
}

export function bestCurveOf(rides: readonly Ridden[], metric: Metric): Point[] {
  return CURVE_DURATIONS.flatMap((duration) => best(rides, metric, duration));
}

export function recordsAmong(rides: readonly Ridden[]): RecordPoint[] {
  return METRICS.flatMap((metric) =>
    RECORD_DURATIONS.flatMap((duration) => best(rides, metric, duration)).map((point) => ({
      metric,
      ...point,
    })),
  );
}

/** What a ride's summary says with an FTP: from its samples, or from the Normalized Power as it is stored. */
export function effortOf(ride: Ridden, ftp: number | null, from: "samples" | "summary") {
  const watts = readingsOf(ride, "power").filter((value) => value !== null);
  const windows = watts.slice(29).map((_, from) => mean(watts.slice(from, from + 30)) ** 4);
  const exact = windows.length === 0 ? null : mean(windows) ** 0.25;
  const normalized = exact === null || from === "samples" ? exact : halfUp(exact, 0);
  const intensity = normalized === null || ftp === null ? null : normalized / ftp;
  const stress = intensity === null ? null : (watts.length / 3600) * intensity ** 2 * 100;
  return {
    ftp,
    intensityFactor: intensity === null ? null : halfUp(intensity, 3),
    trainingStress: stress === null ? null : halfUp(stress, 1),
    stressSource: stress === null ? null : "power",
    powerZones: ftp === null || watts.length === 0 || from === "summary" ? null : zonesOf(watts, ftp),
  };
}

function zonesOf(watts: readonly number[], ftp: number): number[] {
  return ZONES.slice(1).map((upper, zone) => {
    const lower = ZONES[zone] ?? 0;
    return watts.filter((power) => power * 100 >= lower * ftp && power * 100 < upper * ftp).length;
  });
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The day in a time zone, such as 2026-05-31, of an instant in epoch ms. */
export function localDay(time: number, timeZone: string): string {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("en-CA", { timeZone });
  formats.set(timeZone, format);
  return format.format(time);
}

/** The first quarter of an hour that is in a day, found by looking at all that could be. */
export function firstMoment(day: string, timeZone: string): number {
  const QUARTER = 900_000;
  let time = Date.parse(day) - 60 * QUARTER;
  while (localDay(time, timeZone) < day) time += QUARTER;
  return time;
}
