import { at } from "./column.ts";

/** The sum of value·ms over the covered time that has a value, and that time in ms. */
type Integral = { area: number; time: number };

/** Integrates a column over the time its samples cover; null where no covered time has a value. */
export function integrate(column: Float64Array, covered: Float64Array): Integral | null {
  let area = 0;
  let time = 0;
  for (let index = 0; index < column.length; index++) {
    const value = at(column, index);
    if (Number.isNaN(value)) continue;
    const duration = at(covered, index);
    area += value * duration;
    time += duration;
  }
  return time > 0 ? { area, time } : null;
}

/** The mean of a column over the covered time that has a value, in the column's unit; null where there is none. */
export function meanOf(column: Float64Array, covered: Float64Array): number | null {
  const integral = integrate(column, covered);
  return integral && integral.area / integral.time;
}
