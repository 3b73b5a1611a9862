import { at } from "./column.ts";
import { integrate, type Signal } from "./signal.ts";

/** What is faster was not ridden, in m/s: 200 km/h. */
const FASTEST = 200 / 3.6;

/** An odometer that is back within so long, in ms, has not been reset: what it showed between is a fault. */
const LONGEST_FAULT_MS = 10_000;

/**
 * Distance ridden in m, unrounded: the steps upwards of the odometer, which may be reset on the way or be at fault for
 * a moment; with fewer than two readings, speed (km/h) over the time in which it is known. Null where neither is.
 */
export function distanceRidden(
  timestamps: Float64Array,
  odometer: Float64Array,
  speed: Signal,
): number | null {
  const readings = readingsOf(timestamps, odometer);
  if (readings.metres.length >= 2) return sumOfSteps(readings);
  const travelled = integrate(speed);
  return travelled && travelled.area / 3600;
}

type Readings = { times: Float64Array; metres: Float64Array };

function readingsOf(timestamps: Float64Array, odometer: Float64Array): Readings {
  const times = new Float64Array(odometer.length);
  const metres = new Float64Array(odometer.length);
  let count = 0;
  for (let index = 0; index < odometer.length; index++) {
    if (!Number.isFinite(odometer[index])) continue;
    times[count] = at(timestamps, index);
    metres[count++] = at(odometer, index);
  }
  return { times: times.subarray(0, count), metres: metres.subarray(0, count) };
}

function sumOfSteps({ times, metres }: Readings): number {
  const recoveries = nextNotBelow(metres);
  let total = 0;
  let last = 0;
  while (last + 1 < metres.length) {
    const fell = at(metres, last + 1) < at(metres, last);
    const recovery = recoveries[last] ?? 0;
    const isFault = fell && at(times, recovery) - at(times, last) <= LONGEST_FAULT_MS;
    const next = isFault ? recovery : last + 1;
    const step = fell && !isFault ? at(metres, next) : at(metres, next) - at(metres, last);
    if (step <= ((at(times, next) - at(times, last)) / 1000) * FASTEST) total += step;
    last = next;
  }
  return total;
}

/** Of each reading the first one after it that is not below it; beyond the last where there is none. */
function nextNotBelow(metres: Float64Array): Uint32Array {
  const next = new Uint32Array(metres.length);
  for (let index = metres.length - 1; index >= 0; index--) {
    let candidate = index + 1;
    // What is below a candidate that is below this one need not be looked at.
    while (candidate < metres.length && at(metres, candidate) < at(metres, index))
      candidate = next[candidate] ?? 0;
    next[index] = candidate;
  }
  return next;
}
