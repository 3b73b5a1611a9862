import { at } from "./column.ts";
import { type SecondSeries, wholeSeconds } from "./per-second.ts";
import type { Axis } from "./timeline.ts";

/** Below this a drift of the heart cannot be told from its warming up, in ms. */
const SHORTEST_RIDE = 20 * 60_000;

/**
 * Aerobic decoupling in %, unrounded: how far the power-to-heartrate ratio falls from the first half to the second.
 * Both series are of the `recorded` axis. Null under 20 min, or where a half has no ratio. Source: Friel.
 */
export function decoupling(recorded: Axis, power: SecondSeries, heartrate: SecondSeries): number | null {
  if (recorded.length < SHORTEST_RIDE) return null;
  const half = wholeSeconds(recorded) / 2;
  const first = { power: 0, heartrate: 0 };
  const second = { power: 0, heartrate: 0 };
  let beat = 0;
  // Only the seconds that have both, or else a dropout of one sensor would pass for a drift.
  for (let index = 0; index < power.seconds.length; index++) {
    const time = at(power.seconds, index);
    while (at(heartrate.seconds, beat) < time) beat++;
    if (heartrate.seconds[beat] !== time) continue;
    const sums = time < half ? first : second;
    sums.power += at(power.values, index);
    sums.heartrate += at(heartrate.values, beat);
  }
  if (first.power === 0 || second.heartrate === 0) return null;
  const ratio = first.power / first.heartrate;
  return ((ratio - second.power / second.heartrate) / ratio) * 100;
}
