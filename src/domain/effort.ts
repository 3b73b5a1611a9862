import { round } from "./rounding.ts";

/** What a ride's unrounded means say about its effort. Powers and FTP in W, heartrate in bpm, times in s. */
type EffortInput = {
  normalizedPower: number | null;
  avgPower: number | null;
  avgHeartrate: number | null;
  /** The time covered by power. */
  poweredTime: number;
  ftp: number | null;
};

type Effort = {
  normalizedPower: number | null;
  intensityFactor: number | null;
  trainingStress: number | null;
  variabilityIndex: number | null;
  efficiencyFactor: number | null;
};

/** Normalized Power and what derives from it, rounded. Source: Allen & Coggan. */
export function effort({ normalizedPower, avgPower, avgHeartrate, poweredTime, ftp }: EffortInput): Effort {
  const intensity = ratio(normalizedPower, ftp);
  // An hour at FTP is a stress of 100: time·NP·IF / (FTP·3600) · 100, with NP/FTP written as IF.
  const stress = intensity === null ? null : (poweredTime / 3600) * intensity ** 2 * 100;
  return {
    normalizedPower: round(normalizedPower),
    intensityFactor: round(intensity, 3),
    trainingStress: round(stress, 1),
    variabilityIndex: round(ratio(normalizedPower, avgPower), 3),
    efficiencyFactor: round(ratio(normalizedPower, avgHeartrate), 3),
  };
}

function ratio(numerator: number | null, denominator: number | null): number | null {
  return numerator === null || denominator === null || denominator === 0 ? null : numerator / denominator;
}
