import { at } from "./column.ts";
import { ABSENT } from "./recording.ts";
import { inSlices } from "./slices.ts";
import type { Timeline } from "./timeline.ts";

/**
 * What a field is while each sample of a timeline lasts: its value, NaN where there is none, and for how much of that
 * time, from its beginning, it is known; in ms.
 */
export type Signal = { values: Float64Array; known: Float64Array };

/** A value covers samples that lack its field until so long after its own timestamp, in ms. */
const LONGEST_CARRY_MS = 10_000;

/** A column of a ride with each value carried on over samples that lack the field, as when two devices take turns. */
export async function signalOf(column: Float64Array, timeline: Timeline): Promise<Signal> {
  const { timestamps, covered, paused } = timeline;
  if (!column.includes(ABSENT)) return { values: column, known: covered };
  const values = new Float64Array(column.length);
  const known = new Float64Array(column.length);
  let carried = Number.NaN;
  let until = Number.NEGATIVE_INFINITY;
  await inSlices(column.length, (from, to) => {
    for (let index = from; index < to; index++) {
      const own = at(column, index);
      if (own === ABSENT) {
        values[index] = carried;
        known[index] = Math.max(0, Math.min(until - at(timestamps, index), at(covered, index)));
      } else {
        values[index] = own;
        known[index] = at(covered, index);
        carried = own;
        until = at(timestamps, index) + LONGEST_CARRY_MS;
      }
      if (paused[index] === 1) carried = Number.NaN;
    }
  });
  return { values, known };
}

/** The sum of value·ms over the time in which a signal is known, and that time in ms. */
type Integral = { area: number; time: number };

/** Null where the signal is never known; with `skipsZeros`, zero is taken for no value. */
export async function integrate(
  { values, known }: Signal,
  { skipsZeros = false } = {},
): Promise<Integral | null> {
  let area = 0;
  let time = 0;
  await inSlices(values.length, (from, to) => {
    for (let index = from; index < to; index++) {
      const value = at(values, index);
      if (Number.isNaN(value) || (skipsZeros && value === 0)) continue;
      const duration = at(known, index);
      area += value * duration;
      time += duration;
    }
  });
  return time > 0 ? { area, time } : null;
}

/** The mean of a signal over the time in which it is known, in its own unit; null where that is never. */
export function meanOf(integral: Integral | null): number | null {
  return integral && integral.area / integral.time;
}
