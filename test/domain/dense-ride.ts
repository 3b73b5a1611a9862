import fc from "fast-check";
import type { Axis, Pause } from "../../src/domain/timeline.ts";

/** `power` in W, null where there is none, left out where it is another device's turn; `distance` in m. */
type PowerSample = { timestamp: number; power?: number | null; distance?: number };

/** All times are multiples of 250 ms, and so half of that divides every interval, also the mean of two gaps. */
const CELL = 125;
const SECOND = 1000 / CELL;
const gaps = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(250, 250, 500, 1000, 1000, 1000, 2500, 5000, 10_000, 10_250) },
  fc.constantFrom(20_000, 31_000, 60_000, 60_250, 300_000, 300_250),
);
const power = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1000 }) },
  fc.constant(null),
  fc.constant(undefined),
);
/** Metres since the sample before, at and around half a metre a second of the longer gaps, or no odometer. */
const metres = fc.oneof(fc.constantFrom(0, 5, 10.25, 30, 31, 150, 151), fc.constant(undefined));
const pause = fc
  .record({ from: fc.integer({ min: -10, max: 800 }), length: fc.integer({ min: 0, max: 60 }) })
  .map(({ from, length }) => ({ from: from * 250, to: (from + length) * 250 }));

/** Rides at any rate with dropouts, gaps and explicit pauses, from timestamp 0 on. */
export const brokenRide = fc.record({
  samples: fc
    .array(fc.record({ gap: gaps, power, metres }), { minLength: 1, maxLength: 60, size: "max" })
    .map(withTimestamps),
  pauses: fc.array(pause, { maxLength: 4 }),
});

type Step = { gap: number; power: number | null | undefined; metres: number | undefined };

function withTimestamps(steps: readonly Step[]): PowerSample[] {
  let timestamp = 0;
  let odometer = 0;
  return steps.map(({ gap, power, metres }, index) => {
    if (index > 0) timestamp += gap;
    odometer += metres ?? 0;
    const sample: PowerSample = { timestamp };
    if (power !== undefined) sample.power = power;
    if (metres !== undefined) sample.distance = odometer;
    return sample;
  });
}

/** What an eighth of a second has: a value, none of a sample that covers it, or that it is in a pause. */
type Cell = number | "unknown" | "paused";

/** The best mean of so many seconds, those without a value as zero: the definition word for word. */
export function bestMeanByHand(seconds: readonly (number | null)[], duration: number): number {
  const sums = [0];
  for (const value of seconds) sums.push((sums.at(-1) ?? 0) + (value ?? 0));
  return Math.max(...sums.slice(duration).map((sum, start) => sum - (sums[start] ?? 0))) / duration;
}

/**
 * Of each whole second of an axis the mean, null where nothing covers it: the definition word for word, over an array
 * with a cell for every eighth of a second of the clock.
 */
export function denseSeconds(
  samples: readonly PowerSample[],
  pauses: readonly Pause[],
  axis: Axis,
): (number | null)[] {
  const onClock = denseCells(samples, pauses);
  const cells = axis === "clock" ? onClock : onClock.filter((cell) => cell !== "paused");
  return Array.from({ length: Math.floor(cells.length / SECOND) }, (_, second) => {
    const covered = cells.slice(second * SECOND, (second + 1) * SECOND).filter((cell) => cell !== "unknown");
    if (covered.every((cell) => cell === "paused")) return null;
    return covered.reduce<number>((sum, cell) => sum + (cell === "paused" ? 0 : cell), 0) / covered.length;
  });
}

function denseCells(samples: readonly PowerSample[], pauses: readonly Pause[]): Cell[] {
  const breaks = samples.map((_, index) => isBreak(samples, index));
  const interval = intervalOf(samples, breaks);
  const last = samples.at(-1)?.timestamp ?? 0;
  const cells: Cell[] = Array.from({ length: (last + interval) / CELL }, () => "paused");
  /** The value that is carried on, and up to which cell. */
  let carried: { value: Cell; end: number } = { value: "unknown", end: 0 };
  samples.forEach(({ timestamp, power }, index) => {
    const next = samples[index + 1]?.timestamp;
    const start = timestamp / CELL;
    const end =
      start + coveredTime({ timestamp, next, interval, isBreak: breaks[index] === true }, pauses) / CELL;
    cells.fill("unknown", start, end);
    if (power === undefined) {
      cells.fill(carried.value, start, Math.max(start, Math.min(end, carried.end)));
    } else {
      carried = { value: power ?? "unknown", end: start + 10 * SECOND };
      cells.fill(carried.value, start, end);
    }
    const isPaused = pauses.some(({ from, to }) => from < to && from < (next ?? Infinity) && to > timestamp);
    if (breaks[index] || isPaused) carried = { value: "unknown", end: 0 };
  });
  return cells;
}

function coveredTime(
  {
    timestamp,
    next,
    interval,
    isBreak,
  }: { timestamp: number; next: number | undefined; interval: number; isBreak: boolean },
  pauses: readonly Pause[],
): number {
  if (pauses.some(({ from, to }) => from <= timestamp && timestamp < to)) return 0;
  if (next === undefined) return interval;
  const isInterrupted = pauses.some(({ from, to }) => from < to && timestamp < from && from < next);
  return isInterrupted || isBreak ? Math.min(next - timestamp, interval) : next - timestamp;
}

/** Whether the gap after a sample is a pause. */
function isBreak(samples: readonly PowerSample[], index: number): boolean {
  const [sample, next] = [samples[index], samples[index + 1]];
  if (!sample || !next) return false;
  const gap = next.timestamp - sample.timestamp;
  const limit = Math.max(10_000, Math.min(60_000, 3 * (medianByHand(gapsOf(samples)) ?? 0)));
  if (gap <= limit) return false;
  if (gap > 300_000 || sample.distance === undefined || next.distance === undefined) return true;
  return (next.distance - sample.distance) / (gap / 1000) <= 0.5;
}

function intervalOf(samples: readonly PowerSample[], breaks: readonly boolean[]): number {
  return medianByHand(gapsOf(samples).filter((_, index) => !breaks[index])) ?? 1000;
}

function gapsOf(samples: readonly PowerSample[]): number[] {
  return samples.slice(1).map(({ timestamp }, index) => timestamp - (samples[index]?.timestamp ?? 0));
}

function medianByHand(numbers: readonly number[]): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return lower === undefined || upper === undefined ? undefined : (lower + upper) / 2;
}
