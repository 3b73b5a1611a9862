import { partsOfRide } from "./clock-faults.ts";
import { at } from "./column.ts";
import type { Arrival } from "./sample.ts";

/**
 * How far the clock by which samples arrive is ahead of the one by which they are recorded, in ms: the least time that
 * one took to arrive. Negative where it is behind. What was recorded by a clock that was wrong says nothing.
 */
export class ClockLead {
  readonly #spans: { from: number; to: number }[];
  #least = Number.POSITIVE_INFINITY;

  /** @param timestamps of all samples, ascending, in epoch ms */
  constructor(timestamps: Float64Array) {
    this.#spans = partsOfRide(timestamps).map(({ from, to }) => ({
      from: at(timestamps, from),
      to: at(timestamps, to - 1),
    }));
  }

  /** @param arrivedAt epoch ms */
  note({ sample: { timestamp }, isDated }: Pick<Arrival, "sample" | "isDated">, arrivedAt: number): void {
    const lead = arrivedAt - timestamp;
    if (!isDated || lead >= this.#least) return;
    if (this.#isWithin(timestamp)) this.#least = lead;
  }

  /** Whether it is in one of the spans, of which there may be as many as samples. */
  #isWithin(timestamp: number): boolean {
    let first = 0;
    let behind = this.#spans.length;
    while (first < behind) {
      const middle = (first + behind) >> 1;
      if ((this.#spans[middle]?.to ?? timestamp) < timestamp) first = middle + 1;
      else behind = middle;
    }
    return (this.#spans[first]?.from ?? Number.POSITIVE_INFINITY) <= timestamp;
  }

  /** 0 where no sample has a timestamp of its own. */
  get milliseconds(): number {
    return this.#least === Number.POSITIVE_INFINITY ? 0 : this.#least;
  }
}
