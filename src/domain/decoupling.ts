import { at } from "./column.ts";
import type { SecondSeries } from "./per-second.ts";
import { inSlices } from "./slices.ts";

/** Below this a drift of the heart cannot be told from its warming up, in s. */
const SHORTEST_RIDE = 20 * 60;

/**
 * Aerobic decoupling in %, unrounded: how far the power-to-heartrate ratio falls from the first half to the second.
 * Both series are of the recorded axis, which has `length` s. Null under 20 min, or where a half has no ratio.
 * Source: Friel.
 */
export async function decoupling(
  length: number,
  power: SecondSeries,
  heartrate: SecondSeries,
): Promise<number | null> {
  if (length < SHORTEST_RIDE) return null;
  const half = Math.ceil(Math.floor(length) / 2);
  const first = { power: 0, heartrate: 0 };
  const second = { power: 0, heartrate: 0 };
  let beat = 0;
  // Only the seconds that have both, or else a dropout of one sensor would pass for a drift.
  await inSlices(power.values.length, (firstRun, lastRun) => {
    for (let run = firstRun; run < lastRun; run++) {
      const start = at(power.starts, run);
      const end = start + at(power.counts, run);
      while (beat < heartrate.values.length && endOf(heartrate, beat) <= start) beat++;
      for (let other = beat; other < heartrate.values.length && at(heartrate.starts, other) < end; other++) {
        const from = Math.max(start, at(heartrate.starts, other));
        const to = Math.min(end, endOf(heartrate, other));
        const early = Math.max(0, Math.min(to, half) - from);
        const late = to - from - early;
        first.power += at(power.values, run) * early;
        first.heartrate += at(heartrate.values, other) * early;
        second.power += at(power.values, run) * late;
        second.heartrate += at(heartrate.values, other) * late;
      }
    }
  });
  if (first.power === 0 || second.heartrate === 0) return null;
  const ratio = first.power / first.heartrate;
  return ((ratio - second.power / second.heartrate) / ratio) * 100;
}

function endOf({ starts, counts }: SecondSeries, run: number): number {
  return at(starts, run) + at(counts, run);
}
