import type { Piece, Series } from "./axes.ts";
import { mean, ratio, rounded, sum } from "./numbers.ts";

/** From seconds to the best mean, with one decimal. */
export type Curve = Record<string, number>;

export type HeartrateSettings = {
  maxHeartrate?: number;
  restingHeartrate?: number;
  thresholdHeartrate?: number;
};

const WINDOW = 30;
const ZONES_FROM = [0, 55, 75, 90, 105, 120, 150];
const DURATIONS = [
  ...[1, 2, 3, 5, 8, 10, 15, 20, 30],
  ...[1, 2, 3, 5, 8, 10, 20, 30, 60, 90].map((minutes) => minutes * 60),
];
const HALF_HOUR = 1800;
const TWENTY_MINUTES = 1200;
/** Where the naive way of this page would not end: the longest rides that it takes. */
const LONGEST_CURVE = 14 * 24 * 3600;

/** s. */
export function coveredTime(pieces: readonly Piece[]): number {
  return sum(pieces.map(({ from, to }) => to - from)) / 1000;
}

/** Σ value·Δt, in the unit of the value times seconds. */
export function integral(pieces: readonly Piece[]): number {
  return sum(pieces.map(({ value, from, to }) => value * (to - from))) / 1000;
}

/** By covered time. */
export function weightedMean(pieces: readonly Piece[]): number | null {
  return ratio(integral(pieces), coveredTime(pieces));
}

/** W, of the power of each second of the recorded axis; null below 30 s of it. */
export function normalizedPower(power: Series): number | null {
  const known = power.filter((value) => value !== null);
  const fourthPowers: number[] = [];
  for (let end = WINDOW; end <= known.length; end += 1) {
    fourthPowers.push((sum(known.slice(end - WINDOW, end)) / WINDOW) ** 4);
  }
  const average = mean(fourthPowers);
  return average === null ? null : average ** (1 / 4);
}

/** s in each of Coggan's seven zones; null where no whole second has power. */
export function secondsInZones(power: Series, ftp: number): number[] | null {
  if (power.every((watts) => watts === null)) return null;
  const seconds = ZONES_FROM.map(() => 0);
  for (const watts of power) {
    if (watts === null) continue;
    const zone = ZONES_FROM.findLastIndex((percent) => watts * 100 >= percent * ftp);
    seconds[zone] = (seconds[zone] ?? 0) + 1;
  }
  return seconds;
}

/** % that the ratio of power to heart rate falls from the first half of the recorded axis to the second. */
export function decoupling(power: Series, heartrate: Series, recordedTime: number): number | null {
  if (recordedTime < TWENTY_MINUTES) return null;
  const ratioWhere = (isWithin: (second: number) => boolean) => {
    // Only those that have both, or a dropout of one sensor would pass for a drift.
    const isKnown = (second: number) => heartrate[second] !== null && (power[second] ?? null) !== null;
    const seconds = [...heartrate.keys()].filter((second) => isWithin(second) && isKnown(second));
    const known = (series: Series) =>
      seconds.map((second) => series[second] ?? null).filter((v) => v !== null);
    return ratio(mean(known(power)), mean(known(heartrate)));
  };
  const first = ratioWhere((second) => second < heartrate.length / 2);
  const second = ratioWhere((second) => second >= heartrate.length / 2);
  if (first === null || second === null || first === 0) return null;
  return ((first - second) / first) * 100;
}

/** Null where a setting is not known, or they cannot be true. */
export function stressByHeartrate(heartrate: readonly Piece[], settings: HeartrateSettings): number | null {
  const { maxHeartrate: max, restingHeartrate: resting, thresholdHeartrate: threshold } = settings;
  if (max === undefined || resting === undefined || threshold === undefined || max <= resting) return null;
  if (heartrate.length === 0) return null;
  const weight = (beats: number) => {
    const reserve = Math.min(1, Math.max(0, (beats - resting) / (max - resting)));
    return reserve * Math.exp(1.92 * reserve);
  };
  const load = integral(heartrate.map((piece) => ({ ...piece, value: weight(piece.value) })));
  const hourAtThreshold = weight(threshold) * 3600;
  return hourAtThreshold === 0 ? null : (100 * load) / hourAtThreshold;
}

/** The best mean for each duration up to the length of the clock axis. */
export function curveOf(series: Series): Curve {
  if (series.length > LONGEST_CURVE) throw new RangeError(`No curve of a ride of ${series.length} s`);
  const durations = DURATIONS.filter((seconds) => seconds <= series.length);
  for (let seconds = 7200; seconds <= series.length; seconds += HALF_HOUR) durations.push(seconds);

  const totals = [0];
  for (const value of series) totals.push((totals.at(-1) ?? 0) + (value ?? 0));
  return Object.fromEntries(durations.map((seconds) => [seconds, rounded(bestMean(totals, seconds), 1)]));
}

function bestMean(totals: readonly number[], seconds: number): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let end = seconds; end < totals.length; end += 1) {
    best = Math.max(best, (totals[end] ?? 0) - (totals[end - seconds] ?? 0));
  }
  return best / seconds;
}

/** J left after each piece of constant power (W, s), beginning with a full W′. */
export function wBalance(
  pieces: readonly { power: number; seconds: number }[],
  { criticalPower, wPrime }: { criticalPower: number; wPrime: number },
): number[] {
  let left = wPrime;
  return pieces.map(({ power, seconds }) => {
    left +=
      power > criticalPower
        ? -(power - criticalPower) * seconds
        : (wPrime - left) * (1 - Math.exp((-(criticalPower - power) * seconds) / wPrime));
    return left;
  });
}
