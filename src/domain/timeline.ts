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
  const timestamps = new Float64Array(samples.map((sample) => sample.timestamp));
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
  const gaps = timestamps
    .subarray(1)
    .map((timestamp, index) => timestamp - at(timestamps, index))
    .filter((gap) => gap <= LONGEST_GAP)
    .sort();
  if (gaps.length === 0) return DEFAULT_INTERVAL;
  const middle = (gaps.length - 1) / 2;
  return (at(gaps, Math.floor(middle)) + at(gaps, Math.ceil(middle))) / 2;
}

/** How long each sample lasts, in ms: nothing inside a pause, at most one interval ahead of one. */
function coverage(timestamps: Float64Array, interval: number, pauses: readonly Pause[]): Float64Array {
  // An empty pause interrupts nothing. Sorted, the first pause not yet over is the one that matters.
  const ahead = pauses.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  let current = 0;
  return timestamps.map((timestamp, index) => {
    while ((ahead[current]?.to ?? Number.POSITIVE_INFINITY) <= timestamp) current++;
    const pauseStart = ahead[current]?.from ?? Number.POSITIVE_INFINITY;
    if (pauseStart <= timestamp) return 0;
    // The end of the ride interrupts its last sample just as a pause would.
    const next = timestamps[index + 1] ?? Number.POSITIVE_INFINITY;
    const gap = next - timestamp;
    return gap > LONGEST_GAP || pauseStart < next ? Math.min(gap, interval) : gap;
  });
}

function recordedAxis(covered: Float64Array): Axis {
  let length = 0;
  const starts = covered.map((duration) => {
    const start = length;
    length += duration;
    return start;
  });
  return { starts, covered, length };
}
