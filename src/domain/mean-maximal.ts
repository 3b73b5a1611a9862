import { at, columnOf } from "./column.ts";
import { perSecond, type SecondSeries, wholeSeconds } from "./per-second.ts";
import { round } from "./rounding.ts";
import type { Sample } from "./sample.ts";
import type { Axis } from "./timeline.ts";

/** What a curve is made of: power in W, heartrate in bpm, speed in km/h. */
export const curveMetrics = ["power", "heartrate", "speed"] as const;
export type CurveMetric = (typeof curveMetrics)[number];
export type MeanMaximalCurves = Record<CurveMetric, MeanMaximalCurve | null>;

/** From durations in seconds to the best mean over so long, with one decimal. */
export type MeanMaximalCurve = Record<string, number>;

const MINUTE = 60;
const HALF_HOUR = 30 * MINUTE;
const SHORT_DURATIONS = [
  ...[1, 2, 3, 5, 8, 10, 15, 20, 30],
  ...[1, 2, 3, 5, 8, 10, 20].map((minutes) => minutes * MINUTE),
];
/** No ride is longer than 14 days; a clock set while riding makes one seem to last for decades. */
const LONGEST_DURATION = 14 * 24 * 60 * MINUTE;

/**
 * Mean-maximal curve of merged samples: from durations in seconds to the best mean over the ride's clock, pauses
 * in, in the metric's own unit with one decimal. Null where no whole second of the ride has a value.
 */
export function meanMaximalCurve(
  samples: readonly Sample[],
  clock: Axis,
  metric: CurveMetric,
): MeanMaximalCurve | null {
  const series = perSecond(clock, columnOf(samples, metric));
  if (series.seconds.length === 0) return null;
  return Object.fromEntries(
    durationsUpTo(wholeSeconds(clock)).map((duration) => [
      duration,
      round(bestSum(series, duration) / duration, 1),
    ]),
  );
}

/** The durations of a curve in seconds, none longer than the ride: from half an hour on every half hour. */
export function durationsUpTo(rideSeconds: number): number[] {
  const longest = Math.min(rideSeconds, LONGEST_DURATION);
  const halfHours = Array.from(
    { length: Math.floor(longest / HALF_HOUR) },
    (_, index) => (index + 1) * HALF_HOUR,
  );
  return [...SHORT_DURATIONS.filter((duration) => duration <= longest), ...halfHours];
}

/**
 * The largest sum of any window so long. No value is negative and what is not recorded counts as zero,
 * so that one of the best windows ends with a recorded second.
 */
function bestSum({ seconds, values }: SecondSeries, duration: number): number {
  let best = 0;
  let sum = 0;
  let oldest = 0;
  for (let newest = 0; newest < values.length; newest++) {
    const tooOld = at(seconds, newest) - duration;
    while (at(seconds, oldest) <= tooOld) sum -= at(values, oldest++);
    sum += at(values, newest);
    if (sum > best) best = sum;
  }
  return best;
}
