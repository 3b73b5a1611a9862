import { eachReading, type Signal } from "./signal.ts";

/** A rider's heart rates in bpm: resting < threshold ≤ max. */
export type Heartrates = { resting: number; threshold: number; max: number };

/** How steeply effort grows with the heart rate (Banister's TRIMP). */
const STEEPNESS = 1.92;

/**
 * Training stress from heart rate in bpm, unrounded: an hour at the threshold is 100. Null where it is never known.
 * Source: Banister's training impulse, scaled as TSS is.
 */
export async function heartrateStress(signal: Signal, rates: Heartrates): Promise<number | null> {
  let impulse = 0;
  let time = 0;
  await eachReading(signal, (heartrate, known) => {
    if (Number.isNaN(heartrate)) return;
    impulse += weightOf(heartrate, rates) * known;
    time += known;
  });
  const threshold = weightOf(rates.threshold, rates);
  return time === 0 || threshold === 0 ? null : (100 * impulse) / (threshold * 3_600_000);
}

function weightOf(heartrate: number, { resting, max }: Heartrates): number {
  const reserve = Math.min(Math.max((heartrate - resting) / (max - resting), 0), 1);
  return reserve * Math.exp(STEEPNESS * reserve);
}
