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
    if (this.#spans.some(({ from, to }) => timestamp >= from && timestamp <= to)) this.#least = lead;
  }

  /** 0 where no sample has a timestamp of its own. */
  get milliseconds(): number {
    return this.#least === Number.POSITIVE_INFINITY ? 0 : this.#least;
  }
}
