import { mean } from "./numbers.ts";

/** Readings of altitude: epoch ms and m. */
type Reading = { at: number; value: number };

const TOLERANCE = 1e-6;
const DROPOUT_OFF_BY = 20;
const DROPOUT_AT_MOST = 10_000;
const SMOOTHED_OVER = 2500;
const TURNING = 2;

/** m, of one reading or more. */
export function elevationGain(readings: readonly Reading[]): number {
  return rises(smoothed(withoutDropouts(readings)));
}

export function withoutDropouts(readings: readonly Reading[]): Reading[] {
  const kept: Reading[] = [];
  let index = 0;
  while (index < readings.length) {
    const reading = readings[index] as Reading;
    const before = kept.at(-1);
    const back = before && isOff(reading, before) ? indexOfReturn(readings, index, before) : null;
    index = back ?? index;
    kept.push(readings[index] as Reading);
    index += 1;
  }
  return kept;
}

function isOff(reading: Reading, before: Reading): boolean {
  return Math.abs(reading.value - before.value) > DROPOUT_OFF_BY + TOLERANCE;
}

function indexOfReturn(readings: readonly Reading[], from: number, before: Reading): number | null {
  for (let index = from; index < readings.length; index += 1) {
    const reading = readings[index] as Reading;
    if (reading.at - before.at > DROPOUT_AT_MOST) return null;
    if (!isOff(reading, before)) return index;
  }
  return null;
}

/** The mean of the readings within 2.5 s before and after each. */
function smoothed(readings: readonly Reading[]): number[] {
  return readings.map(({ at, value }, index) => {
    const near = [value];
    for (const step of [-1, 1]) {
      for (let other = index + step; ; other += step) {
        const reading = readings[other];
        if (!reading || Math.abs(reading.at - at) > SMOOTHED_OVER) break;
        near.push(reading.value);
      }
    }
    return mean(near) ?? value;
  });
}

/** From the lowest to the highest point between turning points: those from which it goes more than 2 m the other way. */
function rises(altitudes: readonly number[]): number {
  const beyond = TURNING + TOLERANCE;
  let gain = 0;
  let direction: "unknown" | "up" | "down" = "unknown";
  let lowest = altitudes[0] ?? 0;
  let highest = lowest;
  for (const altitude of altitudes) {
    if (direction !== "up") lowest = Math.min(lowest, altitude);
    if (direction !== "down") highest = Math.max(highest, altitude);
    if (direction !== "up" && altitude - lowest > beyond) {
      direction = "up";
      highest = altitude;
    } else if (direction !== "down" && highest - altitude > beyond) {
      if (direction === "up") gain += highest - lowest;
      direction = "down";
      lowest = altitude;
    }
  }
  return direction === "up" ? gain + highest - lowest : gain;
}
