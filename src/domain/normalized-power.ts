import { at } from "./column.ts";
import type { SecondSeries } from "./per-second.ts";
import { inSlices } from "./slices.ts";

/** Seconds of the rolling mean, about the half-life of the body's answer to a change in effort. */
const WINDOW = 30;

/**
 * Normalized Power in W, unrounded; null below 30 s. `power` is of the recorded axis; its seconds count end to end.
 * Source: Allen & Coggan, "Training and Racing with a Power Meter"; a window not yet full does not count.
 */
export async function normalizedPower({ counts, values }: SecondSeries): Promise<number | null> {
  const window = new Float64Array(WINDOW);
  let seconds = 0;
  let windowSum = 0;
  let fourthPowers = 0;
  await inSlices(values.length, (from, to) => {
    for (let run = from; run < to; run++) {
      const watts = at(values, run);
      const count = at(counts, run);
      const single = Math.min(count, WINDOW);
      for (let second = 0; second < single; second++, seconds++) {
        windowSum += watts - at(window, seconds % WINDOW);
        window[seconds % WINDOW] = watts;
        if (seconds >= WINDOW - 1) fourthPowers += (windowSum / WINDOW) ** 4;
      }
      // The window is full of equal seconds, whatever comes of them more.
      fourthPowers += (count - single) * watts ** 4;
      seconds += count - single;
    }
  });
  return seconds < WINDOW ? null : (fourthPowers / (seconds - WINDOW + 1)) ** 0.25;
}
