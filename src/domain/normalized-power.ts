import { at } from "./column.ts";

/** Seconds of the rolling mean, about the half-life of the body's answer to a change in effort. */
const WINDOW = 30;

/**
 * Normalized Power in W, unrounded; null below 30 s. `watts` are the recorded seconds that have power, end to end.
 * Source: Allen & Coggan, "Training and Racing with a Power Meter"; a window not yet full does not count.
 */
export function normalizedPower(watts: Float64Array): number | null {
  if (watts.length < WINDOW) return null;
  let windowSum = 0;
  let fourthPowers = 0;
  for (let second = 0; second < watts.length; second++) {
    windowSum += at(watts, second);
    if (second >= WINDOW) windowSum -= at(watts, second - WINDOW);
    if (second >= WINDOW - 1) fourthPowers += (windowSum / WINDOW) ** 4;
  }
  return (fourthPowers / (watts.length - WINDOW + 1)) ** 0.25;
}
