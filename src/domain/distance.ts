import { at } from "./column.ts";
import { type Readings, readingsOf } from "./readings.ts";
import { integrate, type Signal } from "./signal.ts";
import { inSlices, someInSlices } from "./slices.ts";

/** What is faster was not ridden, in m/s: 200 km/h. */
const FASTEST = 200 / 3.6;

/** An odometer that is back within so long, in ms, has not been reset: what it showed between is a fault. */
const LONGEST_FAULT_MS = 10_000;

/**
 * Distance by the odometer in m, unrounded: its steps upwards. It may be reset on the way, or be at fault for a moment.
 * Null with fewer than two readings.
 */
export async function odometerDistance(
  timestamps: Float64Array,
  odometer: Float64Array,
): Promise<number | null> {
  const readings = await readingsOf(timestamps, odometer);
  return readings.metres.length < 2 ? null : sumOfSteps(readings);
}

/** Distance in m, unrounded: speed in km/h over the time in which it is known; null where that is never. */
export async function travelledDistance(speed: Signal): Promise<number | null> {
  const travelled = await integrate(speed);
  return travelled && travelled.area / 3600;
}

async function sumOfSteps({ times, metres }: Readings): Promise<number> {
  // Of an odometer that never falls, as of most, none is asked for.
  const recoveries = (await falls(metres)) ? await nextNotBelow(metres) : new Uint32Array();
  let total = 0;
  let last = 0;
  await inSlices(metres.length - 1, (_, to) => {
    while (last < to) last = takeStep(last);
  });
  return total;

  /** Goes on to the next reading, or over a fault to the one after it. */
  function takeStep(from: number): number {
    const fell = at(metres, from + 1) < at(metres, from);
    const recovery = recoveries[from] ?? 0;
    const isFault = fell && at(times, recovery) - at(times, from) <= LONGEST_FAULT_MS;
    const next = isFault ? recovery : from + 1;
    const step = fell && !isFault ? at(metres, next) : at(metres, next) - at(metres, from);
    if (step <= ((at(times, next) - at(times, from)) / 1000) * FASTEST) total += step;
    return next;
  }
}

function falls(metres: Float64Array): Promise<boolean> {
  return someInSlices(metres.length - 1, (index) => at(metres, index + 1) < at(metres, index));
}

/** Of each reading the first one after it that is not below it; beyond the last where there is none. */
async function nextNotBelow(metres: Float64Array): Promise<Uint32Array> {
  const next = new Uint32Array(metres.length);
  const last = metres.length - 1;
  await inSlices(metres.length, (from, to) => {
    for (let index = last - from; index > last - to; index--) {
      let candidate = index + 1;
      // What is below a candidate that is below this one need not be looked at.
      while (at(metres, candidate) < at(metres, index)) candidate = next[candidate] ?? 0;
      next[index] = candidate;
    }
  });
  return next;
}
