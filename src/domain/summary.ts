import { columnOf, maximumOf } from "./column.ts";
import { decoupling } from "./decoupling.ts";
import { effort } from "./effort.ts";
import { integrate, meanOf } from "./integral.ts";
import { meanMaximalCurve } from "./mean-maximal.ts";
import { normalizedPower } from "./normalized-power.ts";
import { perSecond } from "./per-second.ts";
import { powerZones } from "./power-zones.ts";
import { round } from "./rounding.ts";
import type { Sample } from "./sample.ts";
import { type Pause, timelineOf } from "./timeline.ts";
import { distanceRidden, elevationGain, movingTime } from "./totals.ts";

/**
 * Counted up whenever a change here or in what is used here changes a result: rides summed up by earlier definitions
 * are then derived again.
 */
export const DEFINITIONS_VERSION = 1;

/**
 * The metrics of one ride: times in s, power W, cadence rpm, heartrate bpm, speed km/h, lengths m, energy kJ.
 * Counts and times are 0 without samples; everything else that cannot be known is null.
 */
export type Summary = {
  /** Of merged samples: resent ones count once. */
  sampleCount: number;
  skippedMessages: number;
  elapsedTime: number;
  recordedTime: number;
  movingTime: number;
  avgPower: number | null;
  maxPower: number | null;
  normalizedPower: number | null;
  intensityFactor: number | null;
  trainingStress: number | null;
  variabilityIndex: number | null;
  efficiencyFactor: number | null;
  decoupling: number | null;
  avgCadence: number | null;
  maxCadence: number | null;
  avgHeartrate: number | null;
  maxHeartrate: number | null;
  avgSpeed: number | null;
  maxSpeed: number | null;
  totalDistance: number | null;
  elevationGain: number | null;
  totalEnergy: number | null;
  ftp: number | null;
  powerZones: number[] | null;
  powerCurve: Record<string, number> | null;
};

/** The ride around its samples; `ftp` in W is the one in force on the day, if any. */
export type RideContext = { pauses: readonly Pause[]; ftp: number | null; skippedMessages: number };

/** Summarizes merged samples by the definitions of the workout metrics; null where a value cannot be known. */
export function summarize(
  samples: readonly Sample[],
  { pauses, ftp, skippedMessages }: RideContext,
): Summary {
  const { clock, recorded } = timelineOf(samples, pauses);
  const { covered } = clock;
  const power = columnOf(samples, "power");
  const cadence = columnOf(samples, "cadence");
  const heartrate = columnOf(samples, "heartrate");
  const speed = columnOf(samples, "speed");
  // Coasting is no cadence; who never pedals has none at all.
  const pedalling = cadence.map((rpm) => rpm || Number.NaN);

  const powerSeries = perSecond(recorded, power);
  const heartrateSeries = perSecond(recorded, heartrate);
  const recordedTime = recorded.length / 1000;
  const work = integrate(power, covered);
  const avgPower = meanOf(power, covered);
  const avgHeartrate = meanOf(heartrate, covered);

  return {
    sampleCount: samples.length,
    skippedMessages,
    elapsedTime: round(clock.length / 1000),
    recordedTime: round(recordedTime),
    movingTime: round(movingTime(covered, [speed, cadence, power]) / 1000),
    avgPower: round(avgPower),
    maxPower: round(maximumOf(power)),
    ...effort({
      normalizedPower: normalizedPower(powerSeries.values),
      avgPower,
      avgHeartrate,
      recordedTime,
      ftp,
    }),
    decoupling: round(decoupling(recorded, powerSeries, heartrateSeries), 2),
    avgCadence: round(meanOf(pedalling, covered)),
    maxCadence: round(maximumOf(cadence)),
    avgHeartrate: round(avgHeartrate),
    maxHeartrate: round(maximumOf(heartrate)),
    // A mean is good to one decimal; the maximum is a single reading and keeps its two.
    avgSpeed: round(meanOf(speed, covered), 1),
    maxSpeed: round(maximumOf(speed), 2),
    totalDistance: round(distanceRidden(columnOf(samples, "distance"), speed, covered)),
    elevationGain: round(elevationGain(columnOf(samples, "altitude"))),
    totalEnergy: round(work && work.area / 1e6),
    ftp,
    powerZones: ftp === null || powerSeries.values.length === 0 ? null : powerZones(powerSeries.values, ftp),
    powerCurve: meanMaximalCurve(samples, clock, "power"),
  };
}

/**
 * A stored summary with another FTP in W. Exact for a ride without power; else good to the rounding of the stored
 * Normalized Power, and without zones, which only the samples could tell.
 */
export function withFtp(summary: Summary, ftp: number | null): Summary {
  if (summary.ftp === ftp) return summary;
  const { intensityFactor, trainingStress } = effort({ ...summary, ftp });
  return { ...summary, ftp, intensityFactor, trainingStress, powerZones: null };
}
