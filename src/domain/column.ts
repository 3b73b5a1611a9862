import type { Sample } from "./sample.ts";

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
  samples.forEach((sample, index) => {
    const value = sample[field];
    column[index] = typeof value === "number" && value >= lowest && value <= highest ? value : Number.NaN;
  });
  return column;
}

/** The value at an index; NaN, like any other missing value, where the column has none. */
export function at(column: Float64Array, index: number): number {
  return column[index] ?? Number.NaN;
}

/** The largest value of a column; null where it has none. */
export function maximumOf(column: Float64Array): number | null {
  const maximum = column.reduce(
    (highest, value) => (Number.isNaN(value) ? highest : Math.max(highest, value)),
    Number.NEGATIVE_INFINITY,
  );
  return maximum === Number.NEGATIVE_INFINITY ? null : maximum;
}
