import { at } from "./column.ts";

/** Comparisons of altitude allow so much, in m, since 134.2 − 132.2 is above 2 in binary. */
const NOISE = 1e-6;

/** A jump of more than this, in m, that is taken back within so long, in ms, is a dropout of the barometer. */
const JUMP = 20 + NOISE;
const LONGEST_DROPOUT_MS = 10_000;

/** Half of the window in which altitude is smoothed, in ms. */
const SMOOTHED_MS = 2_500;

/** What goes no farther than this the other way is no turning point, in m. */
const TURN = 2 + NOISE;

/**
 * A device that reports more often than 100 times a second is looked ahead at no farther than this, in readings: a jump
 * at each of them would otherwise cost the square of their number.
 */
const FARTHEST_LOOK = 1000;

type Readings = { times: Float64Array; metres: Float64Array };

/** Metres climbed, unrounded, from altitudes in m at times in ms; null where there is none. */
export function elevationGain(timestamps: Float64Array, altitude: Float64Array): number | null {
  const { times, metres } = withoutDropouts(timestamps, altitude);
  return metres.length === 0 ? null : sumOfRises(smoothed(times, metres));
}

function withoutDropouts(timestamps: Float64Array, altitude: Float64Array): Readings {
  const times = new Float64Array(altitude.length);
  const metres = new Float64Array(altitude.length);
  let count = 0;
  for (let index = 0; index < altitude.length; index++) {
    if (!Number.isFinite(altitude[index])) continue;
    if (count > 0) {
      const before = { time: at(times, count - 1), metres: at(metres, count - 1) };
      const back = isJump(before.metres, at(altitude, index)) ? backAfter(index) : index;
      // It goes on with the reading that is near again; those between are left out.
      if (back !== undefined) index = back;
    }
    times[count] = at(timestamps, index);
    metres[count++] = at(altitude, index);
  }
  return { times: times.subarray(0, count), metres: metres.subarray(0, count) };

  /** The first reading after a jump that is near the one before it, if that comes soon enough. */
  function backAfter(jump: number): number | undefined {
    const latest = at(times, count - 1) + LONGEST_DROPOUT_MS;
    const end = Math.min(altitude.length, jump + FARTHEST_LOOK);
    for (let index = jump + 1; index < end && at(timestamps, index) <= latest; index++) {
      if (Number.isFinite(altitude[index]) && !isJump(at(metres, count - 1), at(altitude, index)))
        return index;
    }
    return undefined;
  }
}

function isJump(from: number, to: number): boolean {
  return Math.abs(to - from) > JUMP;
}

/** The mean of the readings around each. */
function smoothed(times: Float64Array, metres: Float64Array): Float64Array {
  const means = new Float64Array(metres.length);
  let oldest = 0;
  let newest = 0;
  let sum = 0;
  for (let index = 0; index < metres.length; index++) {
    const time = at(times, index);
    while (newest < metres.length && at(times, newest) <= time + SMOOTHED_MS) sum += at(metres, newest++);
    while (at(times, oldest) < time - SMOOTHED_MS) sum -= at(metres, oldest++);
    means[index] = sum / (newest - oldest);
  }
  return means;
}

/** Every rise from a lowest to a highest point between two turning points. */
function sumOfRises(metres: Float64Array): number {
  let gain = 0;
  let lowest = at(metres, 0);
  let highest = lowest;
  /** Which way it goes; unknown until it has gone far enough either way. */
  let direction: "up" | "down" | undefined;
  for (let index = 1; index < metres.length; index++) {
    const height = at(metres, index);
    if (direction !== "up" && height > lowest + TURN) {
      direction = "up";
      highest = height;
    } else if (direction !== "down" && height < highest - TURN) {
      if (direction === "up") gain += highest - lowest;
      direction = "down";
      lowest = height;
    }
    if (direction !== "down") highest = Math.max(highest, height);
    if (direction !== "up") lowest = Math.min(lowest, height);
  }
  return direction === "up" ? gain + highest - lowest : gain;
}
