import fc from "fast-check";
import type { Pause } from "../../src/domain/timeline.ts";

type PowerSample = { timestamp: number; power: number | null };

/** All times are multiples of 250 ms, and so half of that divides every interval, also the mean of two gaps. */
const CELL = 125;
const gaps = fc.constantFrom(250, 250, 500, 1000, 1000, 1000, 2500, 5000, 10_000, 10_250, 31_000);
const power = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 1000 }) }, fc.constant(null));
const pause = fc
  .record({ from: fc.integer({ min: -10, max: 800 }), length: fc.integer({ min: 0, max: 60 }) })
  .map(({ from, length }) => ({ from: from * 250, to: (from + length) * 250 }));

/** Rides at any rate with dropouts, gaps and explicit pauses, from timestamp 0 on. */
export const brokenRide = fc.record({
  samples: fc
    .array(fc.record({ gap: gaps, power }), { minLength: 1, maxLength: 60, size: "max" })
    .map(withTimestamps),
  pauses: fc.array(pause, { maxLength: 4 }),
});

function withTimestamps(steps: readonly { gap: number; power: number | null }[]): PowerSample[] {
  let next = 0;
  return steps.map(({ gap, power }) => {
    const timestamp = next;
    next += gap;
    return { timestamp, power };
  });
}

/** The definition word for word, over an array with a cell for every eighth of a second of the clock. */
export function bestMeanByHand(
  samples: readonly PowerSample[],
  pauses: readonly Pause[],
  duration: number,
): number {
  const seconds = denseSeconds(samples, pauses);
  const windows = Array.from({ length: seconds.length - duration + 1 }, (_, start) =>
    seconds.slice(start, start + duration).reduce((sum, watts) => sum + watts, 0),
  );
  return Math.max(...windows) / duration;
}

function denseSeconds(samples: readonly PowerSample[], pauses: readonly Pause[]): number[] {
  const interval = medianGap(samples);
  const last = samples.at(-1)?.timestamp ?? 0;
  const cells: (number | null)[] = Array.from({ length: (last + interval) / CELL }, () => 0);
  samples.forEach(({ timestamp, power }, index) => {
    const covered = coveredTime(timestamp, samples[index + 1]?.timestamp, interval, pauses);
    cells.fill(power, timestamp / CELL, (timestamp + covered) / CELL);
  });
  return Array.from({ length: Math.floor(cells.length / 8) }, (_, second) => {
    const known = cells.slice(second * 8, second * 8 + 8).filter((watts) => watts !== null);
    return known.length === 0 ? 0 : known.reduce((sum, watts) => sum + watts, 0) / known.length;
  });
}

function coveredTime(
  time: number,
  next: number | undefined,
  interval: number,
  pauses: readonly Pause[],
): number {
  if (pauses.some(({ from, to }) => from <= time && time < to)) return 0;
  if (next === undefined) return interval;
  const interrupted = pauses.some(({ from, to }) => from < to && time < from && from < next);
  return interrupted || next - time > 10_000 ? Math.min(next - time, interval) : next - time;
}

function medianGap(samples: readonly PowerSample[]): number {
  const gaps = samples
    .flatMap(({ timestamp }, index) => {
      const next = samples[index + 1];
      return next && next.timestamp - timestamp <= 10_000 ? [next.timestamp - timestamp] : [];
    })
    .sort((a, b) => a - b);
  const [lower, upper] = [gaps[(gaps.length - 1) >> 1], gaps[gaps.length >> 1]];
  return lower === undefined || upper === undefined ? 1000 : (lower + upper) / 2;
}
