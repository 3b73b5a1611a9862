import { at, medianOf } from "./column.ts";
import { inSlices } from "./slices.ts";

/** An explicit pause of the workout by the clock of the samples, epoch ms, `from` in and `to` out. */
export type Pause = { from: number; to: number };

/** The samples of a ride laid out in time. */
export type Timeline = {
  /** Epoch ms, ascending. */
  timestamps: Float64Array;
  /** What ends each sample: one of `Ending`. */
  endings: Uint8Array;
  /** The median gap between samples, in ms. */
  interval: number;
  /** From the first sample to the end of the last, in ms: the length of the clock axis. */
  elapsed: number;
  /** The sum of what is covered, in ms: the length of the recorded axis, from which pauses are cut out. */
  recorded: number;
};

/** How long a sample lasts: until the next one, at most one interval ahead of a pause, and nothing inside of one. */
export const Ending = { next: 0, pause: 1, insidePause: 2 } as const;

/** The two axes of a ride: with its pauses, and with them cut out. */
export type Axis = "clock" | "recorded";

/** A gap longer than this is a pause, in ms; for devices that record more seldom, than some median gaps. */
const LONGEST_GAP_MS = 10_000;
const GAP_IN_MEDIANS = 3;
const LONGEST_SELDOM_GAP_MS = 60_000;

/** A longer gap is a pause even where the rider went on, in ms. */
const LONGEST_MOVING_GAP_MS = 300_000;

/** A rider whose odometer shows more than this went on, in m/s. */
const LEAST_PACE = 0.5;

const DEFAULT_INTERVAL_MS = 1_000;

/** Lays samples out; `timestamps` ascending in epoch ms, `odometer` in m, explicit pauses in any order. */
export async function timelineOf(
  timestamps: Float64Array,
  odometer: Float64Array,
  pauses: readonly Pause[],
): Promise<Timeline> {
  // For one thing after another, since it is large: gaps, and then those that are no pauses.
  const scratch = new Float64Array(timestamps.length);
  const endings = await endingsByGap(timestamps, odometer, scratch);
  const interval = await intervalOf(timestamps, endings, scratch);
  await interrupt(endings, timestamps, pauses);
  const { length } = timestamps;
  const elapsed = length === 0 ? 0 : at(timestamps, length - 1) - at(timestamps, 0) + interval;
  const timeline = { timestamps, endings, interval, elapsed };
  return { ...timeline, recorded: await recordedIn(timeline) };
}

/** How long a sample lasts, in ms. */
export function coveredAt(
  { timestamps, endings, interval }: Pick<Timeline, "timestamps" | "endings" | "interval">,
  index: number,
): number {
  const ending = endings[index];
  if (ending === Ending.insidePause) return 0;
  if (ending === Ending.next) return gapAfter(timestamps, index);
  return Math.min((timestamps[index + 1] ?? Number.POSITIVE_INFINITY) - at(timestamps, index), interval);
}

/** As gaps that are pauses have it, and the end of the ride, which is one to its last sample. */
async function endingsByGap(
  timestamps: Float64Array,
  odometer: Float64Array,
  scratch: Float64Array,
): Promise<Uint8Array> {
  const endings = new Uint8Array(timestamps.length);
  endings.fill(Ending.pause, -1);
  const limit = await longestGap(timestamps, scratch);
  await inSlices(timestamps.length - 1, (from, to) => {
    for (let index = from; index < to; index++) {
      const gap = gapAfter(timestamps, index);
      if (gap > limit && !wentOn(odometer, index, gap)) endings[index] = Ending.pause;
    }
  });
  return endings;
}

async function longestGap(timestamps: Float64Array, scratch: Float64Array): Promise<number> {
  const gaps = scratch.subarray(0, Math.max(0, timestamps.length - 1));
  await inSlices(gaps.length, (from, to) => {
    for (let index = from; index < to; index++) gaps[index] = gapAfter(timestamps, index);
  });
  const seldom = Math.min(GAP_IN_MEDIANS * ((await medianOf(gaps)) || 0), LONGEST_SELDOM_GAP_MS);
  return Math.max(LONGEST_GAP_MS, seldom);
}

function wentOn(odometer: Float64Array, index: number, gap: number): boolean {
  // Of a sample without a reading the difference is no number, and as such not above anything.
  const advanced = at(odometer, index + 1) - at(odometer, index);
  return gap <= LONGEST_MOVING_GAP_MS && advanced > (LEAST_PACE * gap) / 1000 && Number.isFinite(advanced);
}

/** The median of the gaps that are no pauses, in ms. */
async function intervalOf(
  timestamps: Float64Array,
  endings: Uint8Array,
  scratch: Float64Array,
): Promise<number> {
  let count = 0;
  await inSlices(timestamps.length - 1, (from, to) => {
    for (let index = from; index < to; index++) {
      if (endings[index] === Ending.next) scratch[count++] = gapAfter(timestamps, index);
    }
  });
  return count === 0 ? DEFAULT_INTERVAL_MS : medianOf(scratch.subarray(0, count));
}

/** Notes what explicit pauses interrupt. */
async function interrupt(
  endings: Uint8Array,
  timestamps: Float64Array,
  pauses: readonly Pause[],
): Promise<void> {
  // An empty pause interrupts nothing. Sorted, the first pause not yet over is the one that matters.
  const ahead = pauses.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  let current = 0;
  await inSlices(timestamps.length, (from, to) => {
    for (let index = from; index < to; index++) {
      const timestamp = at(timestamps, index);
      while ((ahead[current]?.to ?? Number.POSITIVE_INFINITY) <= timestamp) current++;
      const pauseStart = ahead[current]?.from ?? Number.POSITIVE_INFINITY;
      if (pauseStart <= timestamp) endings[index] = Ending.insidePause;
      else if (pauseStart < (timestamps[index + 1] ?? Number.POSITIVE_INFINITY))
        endings[index] = Ending.pause;
    }
  });
}

/** The sum of what is covered, in ms. */
async function recordedIn(timeline: Omit<Timeline, "recorded">): Promise<number> {
  let recorded = 0;
  await inSlices(timeline.timestamps.length, (from, to) => {
    for (let index = from; index < to; index++) recorded += coveredAt(timeline, index);
  });
  return recorded;
}

function gapAfter(timestamps: Float64Array, index: number): number {
  return at(timestamps, index + 1) - at(timestamps, index);
}
