import { setImmediate } from "node:timers/promises";
import { at, maximumOf } from "./column.ts";
import type { SecondSeries } from "./per-second.ts";
import { round } from "./rounding.ts";
import { inSlices } from "./slices.ts";

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

/** Windows looked at in a row: some milliseconds of work. */
const STEPS_AT_ONCE = 10_000;

/**
 * Mean-maximal curve from a series of the clock axis, which has `length` s: from durations in seconds to the best mean
 * over the ride's clock, pauses in, in the metric's own unit with one decimal. Null where no second has a value.
 */
export async function meanMaximalCurve(
  series: SecondSeries,
  length: number,
): Promise<MeanMaximalCurve | null> {
  if (series.values.length === 0) return null;
  const windows = await windowsOf(series);
  const curve: MeanMaximalCurve = {};
  let steps = STEPS_AT_ONCE;
  for (const duration of durationsUpTo(length)) {
    windows.begin(duration, length);
    for (steps = windows.advance(steps); steps === 0; steps = windows.advance(STEPS_AT_ONCE))
      await setImmediate();
    curve[duration] = round(windows.best / duration, 1);
  }
  return curve;
}

async function windowsOf(series: SecondSeries): Promise<Windows> {
  const { counts, values } = series;
  const before = new Float64Array(values.length + 1);
  let sum = 0;
  await inSlices(values.length, (from, to) => {
    for (let run = from; run < to; run++) {
      sum += at(counts, run) * at(values, run);
      before[run + 1] = sum;
    }
  });
  return new Windows(series, before, (await maximumOf(values)) ?? 0);
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
 * Finds the largest sum of any window of one length, going from left to right over those that may be it. Between two
 * places at which one of its ends enters another run, the sum of a window changes evenly, so it is largest at one of
 * them; and from a window that falls short by so much, those near it are passed over, since with each second a sum
 * grows by the largest value at most.
 */
class Windows {
  readonly #series: SecondSeries;
  /** The sum of all seconds before each run, and of all. */
  readonly #before: Float64Array;
  readonly #largest: number;
  #duration = 0;
  #last = 0;
  #start = 0;
  /** The last runs that begin no later than the window, and than its end. */
  #head = 0;
  #tail = 0;
  /** Where the best window of the duration before began: a good one of this duration is often near. */
  #bestStart = 0;
  best = 0;

  constructor(series: SecondSeries, before: Float64Array, largest: number) {
    this.#series = series;
    this.#before = before;
    this.#largest = largest;
  }

  begin(duration: number, length: number): void {
    this.#duration = duration;
    this.#last = length - duration;
    this.#rewind();
    this.#start = Math.min(this.#bestStart, this.#last);
    this.best = this.#sum();
    this.#rewind();
  }

  /** Looks at so many windows at most; how many of these steps are left, 0 where there may be more windows. */
  advance(steps: number): number {
    let left = steps;
    for (; left > 0 && this.#start <= this.#last; left--) {
      const sum = this.#sum();
      if (sum > this.best) {
        this.best = sum;
        this.#bestStart = this.#start;
      }
      const passed = this.#largest > 0 ? Math.floor((this.best - sum) / this.#largest) + 1 : this.#last + 1;
      const next = this.#start + Math.max(passed, this.#toNextRun());
      // The last window is looked at too, though it may begin in the middle of runs.
      this.#start = this.#start < this.#last ? Math.min(next, this.#last) : next;
    }
    return left;
  }

  #rewind(): void {
    this.#start = this.#head = this.#tail = 0;
  }

  #sum(): number {
    const end = this.#start + this.#duration;
    this.#head = this.#runAt(this.#start, this.#head);
    this.#tail = this.#runAt(end, Math.max(this.#tail, this.#head));
    return this.#sumBefore(end, this.#tail) - this.#sumBefore(this.#start, this.#head);
  }

  /**
   * The last run that begins by a second, or the first one; `from` is one that is known to begin no later. It is mostly
   * near, and otherwise found by strides that double, and then halve.
   */
  #runAt(second: number, from: number): number {
    const { starts } = this.#series;
    let run = from;
    if (!(at(starts, run + 1) <= second)) return run;
    let stride = 1;
    for (; at(starts, run + stride) <= second; stride <<= 1) run += stride;
    for (stride >>= 1; stride > 0; stride >>= 1) if (at(starts, run + stride) <= second) run += stride;
    return run;
  }

  #sumBefore(second: number, run: number): number {
    const { starts, counts, values } = this.#series;
    const inside = Math.max(0, Math.min(second - at(starts, run), at(counts, run)));
    return at(this.#before, run) + inside * at(values, run);
  }

  /** How many seconds the window can move until one of its ends is where a run begins or ends. */
  #toNextRun(): number {
    const end = this.#start + this.#duration;
    return Math.min(this.#toNextEdge(this.#start, this.#head), this.#toNextEdge(end, this.#tail));
  }

  #toNextEdge(second: number, run: number): number {
    const { starts, counts } = this.#series;
    const runStart = at(starts, run);
    if (second < runStart) return runStart - second;
    const runEnd = runStart + at(counts, run);
    if (second < runEnd) return runEnd - second;
    return run + 1 < starts.length ? at(starts, run + 1) - second : Number.POSITIVE_INFINITY;
  }
}
