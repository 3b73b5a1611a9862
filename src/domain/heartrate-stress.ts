import { at } from "./column.ts";
import type { Signal } from "./signal.ts";
import { inSlices } from "./slices.ts";

/** A rider's heart rates in bpm: resting < threshold ≤ max. */
export type Heartrates = { resting: number; threshold: number; max: number };

/** How steeply effort grows with the heart rate (Banister's TRIMP). */
const STEEPNESS = 1.92;

/**
 * Training stress from heart rate in bpm, unrounded: an hour at the threshold is 100. Null where it is never known.
 * Source: Banister's training impulse, scaled as TSS is.
 */
export async function heartrateStress({ values, known }: Signal, rates: Heartrates): Promise<number | null> {
  let impulse = 0;
  let time = 0;
  await inSlices(values.length, (from, to) => {
    for (let index = from; index < to; index++) {
      const heartrate = at(values, index);
      if (Number.isNaN(heartrate)) continue;
      impulse += weightOf(heartrate, rates) * at(known, index);
      time += at(known, index);
    }
  });
  const threshold = weightOf(rates.threshold, rates);
  return time === 0 || threshold === 0 ? null : (100 * impulse) / (threshold * 3_600_000);
}

function weightOf(heartrate: number, { resting, max }: Heartrates): number {
  const reserve = Math.min(Math.max((heartrate - resting) / (max - resting), 0), 1);
  return reserve * Math.exp(STEEPNESS * reserve);
}
