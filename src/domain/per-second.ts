import { at } from "./column.ts";
import { eachReading, type Signal } from "./signal.ts";
import { type Axis, coveredAt, type Timeline } from "./timeline.ts";

/**
 * A series of one value a second, without the seconds that have none, as runs of equal values: `counts[i]` seconds
 * from `starts[i]` on have `values[i]`. Ascending. Second k is [k, k+1), counted from the ride's start. Runs, since
 * a ride whose clock was set may span decades, and a device that records smartly covers minutes by one sample.
 */
export type SecondSeries = { starts: Float64Array; counts: Float64Array; values: Float64Array };

/** Sums of fractions of milliseconds fall short of a whole second by less than this, in ms. */
const NOISE_MS = 1e-6;

/** The whole seconds of an axis. */
export function wholeSeconds(timeline: Timeline, axis: Axis): number {
  return Math.floor((lengthOf(timeline, axis) + NOISE_MS) / 1000);
}

/** The time-weighted mean of a signal in each whole second of an axis, a pause within a second weighing in as zero. */
export async function perSecond(signal: Signal, axis: Axis): Promise<SecondSeries> {
  const { timeline } = signal;
  const { timestamps } = timeline;
  const seconds = new SecondWriter(wholeSeconds(timeline, axis), timestamps.length);
  const first = at(timestamps, 0);
  let recorded = 0;
  await eachReading(signal, (value, known, index) => {
    const from = axis === "clock" ? at(timestamps, index) - first : recorded;
    const middle = from + known;
    const to = from + coveredAt(timeline, index);
    seconds.cover(from, middle, value);
    seconds.cover(middle, to, Number.NaN);
    recorded = to;
  });
  return seconds.finish();
}

function lengthOf({ elapsed, recorded }: Timeline, axis: Axis): number {
  return axis === "clock" ? elapsed : recorded;
}

/** Takes stretches of time in their order, in ms, and makes seconds of them. */
class SecondWriter {
  readonly #starts: Float64Array;
  readonly #counts: Float64Array;
  readonly #values: Float64Array;
  #runs = 0;
  /** The second at hand: what of it is known, and unknown, in ms. */
  #second = 0;
  #area = 0;
  #known = 0;
  #unknown = 0;

  constructor(
    readonly end: number,
    stretches: number,
  ) {
    // A stretch begins in one second, has whole ones, and ends in another: the next one may begin in it, or be a pause
    // away. What is reserved and not used takes no memory.
    const most = Math.min(3 * stretches, end);
    this.#starts = new Float64Array(most);
    this.#counts = new Float64Array(most);
    this.#values = new Float64Array(most);
  }

  /** NaN is a value that is not known. */
  cover(from: number, to: number, value: number): void {
    let start = from;
    while (start < to) {
      const second = Math.floor(start / 1000);
      if (second !== this.#second) this.#turnTo(second);
      const whole = start === second * 1000 ? Math.floor(to / 1000) - second : 0;
      if (whole > 0) {
        if (!Number.isNaN(value)) this.#add(second, whole, value);
        start = (second + whole) * 1000;
        continue;
      }
      const end = Math.min(to, (second + 1) * 1000);
      if (Number.isNaN(value)) this.#unknown += end - start;
      else {
        this.#area += value * (end - start);
        this.#known += end - start;
      }
      start = end;
    }
  }

  finish(): SecondSeries {
    this.#turnTo(this.end);
    const used = (array: Float64Array) => array.subarray(0, this.#runs);
    return { starts: used(this.#starts), counts: used(this.#counts), values: used(this.#values) };
  }

  #turnTo(next: number): void {
    // What of a second is not known is a pause, except for the dropouts of a sensor: those weigh nothing.
    if (this.#known > 0) this.#add(this.#second, 1, this.#area / Math.max(this.#known, 1000 - this.#unknown));
    this.#second = next;
    this.#area = this.#known = this.#unknown = 0;
  }

  #add(start: number, count: number, value: number): void {
    const seconds = Math.min(count, this.end - start);
    if (seconds <= 0) return;
    const last = this.#runs - 1;
    const isContinued =
      this.#values[last] === value && at(this.#starts, last) + at(this.#counts, last) === start;
    if (isContinued) {
      this.#counts[last] = at(this.#counts, last) + seconds;
      return;
    }
    this.#starts[this.#runs] = start;
    this.#counts[this.#runs] = seconds;
    this.#values[this.#runs] = value;
    this.#runs += 1;
  }
}
