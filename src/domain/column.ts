import { setImmediate } from "node:timers/promises";
import type { Bounds } from "./recording.ts";
import { inSlices } from "./slices.ts";

// Indexed loops in what follows and in all that runs over every sample: over typed arrays they are several times as
// fast in Bun as for-of, forEach and reduce.

/** The fields that metrics are made of, each with the lowest and the highest value that counts, in its own unit. */
export const BOUNDS = {
  power: [0, 3000],
  cadence: [0, 250],
  heartrate: [20, 250],
  speed: [0, 200],
  altitude: [-500, 9000],
  distance: [0, 1e7],
} as const satisfies Record<string, Bounds>;

export type Field = keyof typeof BOUNDS;

/** The value at an index; NaN, like any other missing value, where the column has none. */
export function at(column: Float64Array, index: number): number {
  return column[index] ?? Number.NaN;
}

/** The largest value of a column; null where it has none. */
export async function maximumOf(column: Float64Array): Promise<number | null> {
  let maximum = Number.NEGATIVE_INFINITY;
  await inSlices(column.length, (from, to) => {
    let largest = maximum;
    // NaN is not above anything.
    for (let index = from; index < to; index++) if (at(column, index) > largest) largest = at(column, index);
    maximum = largest;
  });
  return maximum === Number.NEGATIVE_INFINITY ? null : maximum;
}

/** The median, of an even count the mean of the middle two; NaN of none. Brings the values into another order. */
export async function medianOf(values: Float64Array): Promise<number> {
  const upper = values.length >> 1;
  if (values.length === 0) return Number.NaN;
  const high = await selectSmallest(values, upper);
  if (values.length % 2 === 1) return high;
  // What comes before it now is no larger.
  const low = await maximumOf(values.subarray(0, upper));
  return ((low ?? high) + high) / 2;
}

/** Values that are looked at by one pass, without a turn for others: some milliseconds of work. */
const MANY = 50_000;

/** The value that sorting would put at `rank`, found without sorting the rest (Hoare's selection). */
async function selectSmallest(values: Float64Array, rank: number): Promise<number> {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    if (to - from > MANY) await setImmediate();
    // Any, since whoever knew which could make every pass a vain one.
    const pivot = at(values, from + Math.floor(Math.random() * (to - from + 1)));
    let left = from;
    let right = to;
    while (left <= right) {
      while (at(values, left) < pivot) left++;
      while (at(values, right) > pivot) right--;
      if (left > right) break;
      const swapped = at(values, left);
      values[left++] = at(values, right);
      values[right--] = swapped;
    }
    if (rank <= right) to = right;
    else if (rank >= left) from = left;
    else break;
  }
  return at(values, rank);
}
