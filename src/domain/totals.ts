import { at } from "./column.ts";
import { integrate } from "./integral.ts";

/** What wind and barometer make up on the flat, in m; the excess, since 134.2 − 132.2 is above 2 in binary. */
const HYSTERESIS = 2 + 1e-9;

/**
 * Distance ridden in m, unrounded: last less first value of the odometer (m), else speed (km/h) over covered time.
 * An odometer that ends below its start was reset on the way and says nothing. Null where neither is known.
 */
export function distanceRidden(
  odometer: Float64Array,
  speed: Float64Array,
  covered: Float64Array,
): number | null {
  const isReading = (metres: number) => !Number.isNaN(metres);
  const difference = (odometer.findLast(isReading) ?? Number.NaN) - (odometer.find(isReading) ?? Number.NaN);
  if (difference >= 0) return difference;
  const travelled = integrate(speed, covered);
  return travelled && travelled.area / 3600;
}

/** Metres climbed, unrounded: a rise counts once it is more than 2 m above the reference that follows the road. */
export function elevationGain(altitude: Float64Array): number | null {
  let reference = Number.NaN;
  let gain = 0;
  for (let index = 0; index < altitude.length; index++) {
    const metres = at(altitude, index);
    if (Number.isNaN(reference)) reference = metres;
    const change = metres - reference;
    if (change > HYSTERESIS) gain += change;
    if (Math.abs(change) > HYSTERESIS) reference = metres;
  }
  return Number.isNaN(reference) ? null : gain;
}

/** Covered time in ms in which any of the columns is above zero. */
export function movingTime(covered: Float64Array, columns: readonly Float64Array[]): number {
  let total = 0;
  for (let index = 0; index < covered.length; index++) {
    if (columns.some((column) => at(column, index) > 0)) total += at(covered, index);
  }
  return total;
}
