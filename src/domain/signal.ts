import { at } from "./column.ts";
import { ABSENT } from "./recording.ts";
import { inSlices } from "./slices.ts";
import { coveredAt, Ending, type Timeline } from "./timeline.ts";

/** A field over the time of a ride: each value lasts as its sample does, and on over samples that lack the field. */
export type Signal = { column: Float64Array; timeline: Timeline };

/** A value covers samples that lack its field until so long after its own timestamp, in ms. */
const LONGEST_CARRY_MS = 10_000;

/**
 * Goes over the samples of a signal in their order, with turns for others.
 * @param visit is told what the field is while a sample lasts, NaN where it is not known, and for how much of that time,
 * from its beginning, it is known, in ms
 */
export async function eachReading(
  { column, timeline }: Signal,
  visit: (value: number, known: number, index: number) => void,
): Promise<void> {
  const { timestamps, endings } = timeline;
  let carried = Number.NaN;
  let until = Number.NEGATIVE_INFINITY;
  await inSlices(column.length, (from, to) => {
    for (let index = from; index < to; index++) {
      const own = at(column, index);
      const covered = coveredAt(timeline, index);
      if (own === ABSENT) {
        // As when two devices take turns.
        visit(carried, Math.max(0, Math.min(until - at(timestamps, index), covered)), index);
      } else {
        visit(own, covered, index);
        carried = own;
        until = at(timestamps, index) + LONGEST_CARRY_MS;
      }
      if (endings[index] !== Ending.next) carried = Number.NaN;
    }
  });
}

/** The sum of value·ms over the time in which a signal is known, and that time in ms. */
type Integral = { area: number; time: number };

/** Null where the signal is never known; with `skipsZeros`, zero is taken for no value. */
export async function integrate(signal: Signal, { skipsZeros = false } = {}): Promise<Integral | null> {
  let area = 0;
  let time = 0;
  await eachReading(signal, (value, known) => {
    if (Number.isNaN(value) || (skipsZeros && value === 0)) return;
    area += value * known;
    time += known;
  });
  return time > 0 ? { area, time } : null;
}

/** The mean of a signal over the time in which it is known, in its own unit; null where that is never. */
export function meanOf(integral: Integral | null): number | null {
  return integral && integral.area / integral.time;
}
