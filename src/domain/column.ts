import type { Sample } from "./sample.ts";

// Indexed loops in what follows and in all that runs over every sample: over typed arrays they are several times as
// fast in Bun as for-of, forEach and reduce.

/** Lowest and highest value that counts; a device that states anything else has measured nothing. */
const BOUNDS = {
  power: [0, 3000],
  cadence: [0, 250],
  heartrate: [20, 250],
  speed: [0, 200],
  altitude: [-500, 9000],
  distance: [0, Number.MAX_VALUE],
} as const;

type Field = keyof typeof BOUNDS;

/** One field of every sample, in the field's own unit; NaN where it is missing or out of bounds. */
export function columnOf(samples: readonly Sample[], field: Field): Float64Array {
  const [lowest, highest] = BOUNDS[field];
  const column = new Float64Array(samples.length);
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index]?.[field];
    column[index] = typeof value === "number" && value >= lowest && value <= highest ? value : Number.NaN;
  }
  return column;
}

/** The value at an index; NaN, like any other missing value, where the column has none. */
export function at(column: Float64Array, index: number): number {
  return column[index] ?? Number.NaN;
}

/** The largest value of a column; null where it has none. */
export function maximumOf(column: Float64Array): number | null {
  let maximum = Number.NEGATIVE_INFINITY;
  // NaN is not above anything.
  for (let index = 0; index < column.length; index++) {
    if (at(column, index) > maximum) maximum = at(column, index);
  }
  return maximum === Number.NEGATIVE_INFINITY ? null : maximum;
}
