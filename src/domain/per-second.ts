import { at } from "./column.ts";
import type { Axis } from "./timeline.ts";

/**
 * A series of one value a second, ascending, without the seconds that have none: a ride whose clock was wrong
 * may span decades. `seconds` counts from the ride's start; second k is [k, k+1).
 */
export type SecondSeries = { seconds: Float64Array; values: Float64Array };

/** The whole seconds of an axis. */
export function wholeSeconds(axis: Axis): number {
  return Math.floor(axis.length / 1000);
}

/** The time-weighted mean of a column in each whole second of an axis, a pause within a second weighing in as zero. */
export function perSecond(axis: Axis, column: Float64Array): SecondSeries {
  const seconds: number[] = [];
  const values: number[] = [];
  const end = wholeSeconds(axis);
  let second = 0;
  let area = 0;
  let known = 0;
  let unknown = 0;

  const turnTo = (next: number) => {
    // What of a second is not known is a pause, except for the dropouts of a sensor: those weigh nothing.
    if (known > 0 && second < end) {
      seconds.push(second);
      values.push(area / Math.max(known, 1000 - unknown));
    }
    second = next;
    area = known = unknown = 0;
  };

  for (let index = 0; index < column.length; index++) {
    const value = at(column, index);
    const from = at(axis.starts, index);
    const to = from + at(axis.covered, index);
    for (let start = Math.floor(from / 1000); start * 1000 < to; start++) {
      if (start !== second) turnTo(start);
      const overlap = Math.min(to, (start + 1) * 1000) - Math.max(from, start * 1000);
      if (Number.isNaN(value)) unknown += overlap;
      else {
        area += value * overlap;
        known += overlap;
      }
    }
  }
  turnTo(end);
  return { seconds: new Float64Array(seconds), values: new Float64Array(values) };
}
