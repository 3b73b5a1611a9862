import { at } from "./column.ts";
import type { Sample } from "./sample.ts";

/** An explicit pause of the workout, epoch ms, `from` in and `to` out. */
export type Pause = { from: number; to: number };

/** When each sample starts and how long it lasts, and how long the whole is: milliseconds from the ride's start. */
export type Axis = { starts: Float64Array; covered: Float64Array; length: number };

/** The time of a ride seen twice: with its pauses (`clock`) and with them cut out (`recorded`). */
type Timeline = { clock: Axis; recorded: Axis };

/** A longer gap between two samples is a pause, in ms. */
const LONGEST_GAP = 10_000;
const DEFAULT_INTERVAL = 1_000;

/** Lays merged samples out in time; what lies in or runs into a pause is not covered. Pauses in any order. */
export function timelineOf(samples: readonly Sample[], pauses: readonly Pause[]): Timeline {
  const timestamps = new Float64Array(samples.length);
  for (let index = 0; index < samples.length; index++)
    timestamps[index] = samples[index]?.timestamp ?? Number.NaN;
  const interval = samplingInterval(timestamps);
  const covered = coverage(timestamps, interval, pauses);
  const first = at(timestamps, 0);
  const elapsed = samples.length === 0 ? 0 : at(timestamps, samples.length - 1) - first + interval;
  return {
    clock: { starts: timestamps.map((timestamp) => timestamp - first), covered, length: elapsed },
    recorded: recordedAxis(covered),
  };
}

/** The median of the gaps that are no pauses, in ms. */
function samplingInterval(timestamps: Float64Array): number {
  const gaps = new Float64Array(timestamps.length);
  let count = 0;
  for (let index = 1; index < timestamps.length; index++) {
    const gap = at(timestamps, index) - at(timestamps, index - 1);
    if (gap <= LONGEST_GAP) gaps[count++] = gap;
  }
  if (count === 0) return DEFAULT_INTERVAL;
  const sorted = gaps.subarray(0, count).sort();
  const middle = (count - 1) / 2;
  return (at(sorted, Math.floor(middle)) + at(sorted, Math.ceil(middle))) / 2;
}

/** How long each sample lasts, in ms: nothing inside a pause, at most one interval ahead of one. */
function coverage(timestamps: Float64Array, interval: number, pauses: readonly Pause[]): Float64Array {
  // An empty pause interrupts nothing. Sorted, the first pause not yet over is the one that matters.
  const ahead = pauses.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  const covered = new Float64Array(timestamps.length);
  let current = 0;
  for (let index = 0; index < timestamps.length; index++) {
    const timestamp = at(timestamps, index);
    while ((ahead[current]?.to ?? Number.POSITIVE_INFINITY) <= timestamp) current++;
    const pauseStart = ahead[current]?.from ?? Number.POSITIVE_INFINITY;
    if (pauseStart <= timestamp) continue;
    // The end of the ride interrupts its last sample just as a pause would.
    const next = timestamps[index + 1] ?? Number.POSITIVE_INFINITY;
    const gap = next - timestamp;
    covered[index] = gap > LONGEST_GAP || pauseStart < next ? Math.min(gap, interval) : gap;
  }
  return covered;
}

function recordedAxis(covered: Float64Array): Axis {
  const starts = new Float64Array(covered.length);
  let length = 0;
  for (let index = 0; index < covered.length; index++) {
    starts[index] = length;
    length += at(covered, index);
  }
  return { starts, covered, length };
}
