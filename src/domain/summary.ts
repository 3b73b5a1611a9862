import { keepParts, partsOfRide } from "./clock-faults.ts";
import { BOUNDS, type Field, maximumOf } from "./column.ts";
import { decoupling } from "./decoupling.ts";
import { odometerDistance, travelledDistance } from "./distance.ts";
import { effort } from "./effort.ts";
import { elevationGain } from "./elevation.ts";
import { type Heartrates, heartrateStress } from "./heartrate-stress.ts";
import { type MeanMaximalCurves, meanMaximalCurve } from "./mean-maximal.ts";
import { aboveZero, secondsIn, union } from "./moving-time.ts";
import { normalizedPower } from "./normalized-power.ts";
import { perSecond, type SecondSeries, wholeSeconds } from "./per-second.ts";
import { powerZones } from "./power-zones.ts";
import type { Recording } from "./recording.ts";
import { round } from "./rounding.ts";
import { integrate, meanOf, type Signal } from "./signal.ts";
import { type Pause, timelineOf } from "./timeline.ts";

/**
 * Counted up whenever a change here or in what is used here changes a result: rides summed up by earlier definitions
 * are then derived again.
 */
export const DEFINITIONS_VERSION = 2;

/**
 * The metrics of one ride: times in s, power W, cadence rpm, heartrate bpm, speed km/h, lengths m, energy kJ.
 * Counts and times are 0 without samples; everything else that cannot be known is null.
 */
export type Summary = {
  /** Of merged samples: resent ones count once. */
  sampleCount: number;
  /** Samples recorded by a clock that was wrong: kept, and left out of everything else here. */
  skippedSamples: number;
  skippedMessages: number;
  elapsedTime: number;
  recordedTime: number;
  movingTime: number;
  poweredTime: number;
  avgPower: number | null;
  maxPower: number | null;
  normalizedPower: number | null;
  intensityFactor: number | null;
  trainingStress: number | null;
  stressSource: "power" | "heartrate" | null;
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

/** The ride around its samples. */
export type RideContext = {
  pauses: readonly Pause[];
  /** In W, the one in force on the day for the ride's sport, if any. */
  ftp: number | null;
  /** The rider's, where all three are known. */
  heartrates: Heartrates | null;
  skippedMessages: number;
};

export type FtpContext = Pick<RideContext, "pauses" | "ftp">;

/** All that is worked out from a ride. */
export type Derivation = { summary: Summary; curves: MeanMaximalCurves };

/** That of a ride of which nothing is known. */
export const EMPTY_SUMMARY: Summary = {
  sampleCount: 0,
  skippedSamples: 0,
  skippedMessages: 0,
  elapsedTime: 0,
  recordedTime: 0,
  movingTime: 0,
  poweredTime: 0,
  avgPower: null,
  maxPower: null,
  normalizedPower: null,
  intensityFactor: null,
  trainingStress: null,
  stressSource: null,
  variabilityIndex: null,
  efficiencyFactor: null,
  decoupling: null,
  avgCadence: null,
  maxCadence: null,
  avgHeartrate: null,
  maxHeartrate: null,
  avgSpeed: null,
  maxSpeed: null,
  totalDistance: null,
  elevationGain: null,
  totalEnergy: null,
  ftp: null,
  powerZones: null,
  powerCurve: null,
};

/**
 * Works out everything about a ride by the definitions of the workout metrics. One field after another, so that of a
 * long ride few are in memory at once, with turns for others in between.
 * @throws what reading the recording throws.
 */
export async function derive(recording: Recording, context: RideContext): Promise<Derivation> {
  const { timestamps, column } = await rideOf(recording);
  const { timeline, distance } = await layOut(timestamps, await column("distance"), context);
  const read = async (field: Field) => ({ column: await column(field), timeline });

  const speed = await speedOf(await read("speed"), distance);
  const climbed = await elevationGain(timestamps, await column("altitude"));
  const cadence = await cadenceOf(await read("cadence"));
  const heartrate = await heartrateOf(await read("heartrate"), context);
  const powerSignal = await read("power");
  const power = await powerOf(powerSignal, context);
  const powerCurve = await curveOf(powerSignal, power.series);

  const stress = effort({ ...power, avgHeartrate: heartrate.mean, ftp: context.ftp });
  const heartStress = power.avgPower === null ? round(heartrate.stress, 1) : null;
  const moving = await union(await union(speed.moving, cadence.moving), await aboveZero(power.series));
  const drift = await decoupling(timeline.recorded / 1000, power.series, heartrate.series);
  const summary: Summary = {
    sampleCount: timestamps.length,
    skippedSamples: recording.length - timestamps.length,
    skippedMessages: context.skippedMessages,
    elapsedTime: round(timeline.elapsed / 1000),
    recordedTime: round(timeline.recorded / 1000),
    movingTime: secondsIn(moving),
    poweredTime: round(power.poweredTime),
    avgPower: round(power.avgPower),
    maxPower: round(power.maximum),
    normalizedPower: stress.normalizedPower,
    intensityFactor: stress.intensityFactor,
    trainingStress: stress.trainingStress ?? heartStress,
    stressSource: sourceOf(stress.trainingStress, heartStress),
    variabilityIndex: stress.variabilityIndex,
    efficiencyFactor: stress.efficiencyFactor,
    decoupling: round(drift, 2),
    avgCadence: round(cadence.mean),
    maxCadence: round(cadence.maximum),
    avgHeartrate: round(heartrate.mean),
    maxHeartrate: round(heartrate.maximum),
    avgSpeed: round(speed.mean, 1),
    // A mean is good to one decimal; the maximum is a single reading and keeps its two.
    maxSpeed: round(speed.maximum, 2),
    totalDistance: round(speed.distance),
    elevationGain: round(climbed),
    totalEnergy: round(power.work),
    ftp: context.ftp,
    powerZones: power.zones,
    powerCurve,
  };
  return { summary, curves: { power: powerCurve, heartrate: heartrate.curve, speed: speed.curve } };
}

/**
 * The summary of a ride with power as it is with another FTP in W, from that which `derive` has made of it with an
 * earlier one: as if derived anew, in a fraction of the time.
 * @throws what reading the recording throws.
 */
export async function deriveWithFtp(
  recording: Recording,
  summary: Summary,
  context: FtpContext,
): Promise<Summary> {
  const { timestamps, column } = await rideOf(recording);
  const timeline = await timelineOf(timestamps, await column("distance"), context.pauses);
  const power = await powerOf({ column: await column("power"), timeline }, context);
  const { ftp } = context;
  const { intensityFactor, trainingStress } = effort({ ...power, avgHeartrate: null, ftp });
  const stressSource = sourceOf(trainingStress, null);
  return { ...summary, ftp, intensityFactor, trainingStress, stressSource, powerZones: power.zones };
}

/** A recording without what was recorded by a clock that was wrong. */
async function rideOf(recording: Recording) {
  const timestamps = await recording.timestamps();
  const parts = partsOfRide(timestamps);
  return {
    timestamps: keepParts(timestamps, parts),
    column: async (field: Field) => keepParts(await recording.column(field, BOUNDS[field]), parts),
  };
}

function sourceOf(power: number | null, heartrate: number | null): Summary["stressSource"] {
  if (power !== null) return "power";
  return heartrate === null ? null : "heartrate";
}

/** What the odometer tells, of which nothing is needed after this. */
async function layOut(timestamps: Float64Array, odometer: Float64Array, { pauses }: RideContext) {
  const timeline = await timelineOf(timestamps, odometer, pauses);
  return { timeline, distance: await odometerDistance(timestamps, odometer) };
}

/** The curve of a signal over the ride's clock; `recorded` is its series of the other axis. */
async function curveOf(signal: Signal, recorded: SecondSeries) {
  const { timeline } = signal;
  // Without pauses the axes are one.
  const isOne = timeline.recorded === timeline.elapsed;
  const series = isOne ? recorded : await perSecond(signal, "clock");
  return meanMaximalCurve(series, wholeSeconds(timeline, "clock"));
}

async function speedOf(speed: Signal, distanceByOdometer: number | null) {
  const distance = distanceByOdometer ?? (await travelledDistance(speed));
  const seconds = speed.timeline.recorded / 1000;
  const series = await perSecond(speed, "recorded");
  return {
    distance,
    mean: distance === null || seconds === 0 ? null : (distance / seconds) * 3.6,
    maximum: await maximumOf(speed.column),
    moving: await aboveZero(series),
    curve: await curveOf(speed, series),
  };
}

async function cadenceOf(cadence: Signal) {
  return {
    // Coasting is no cadence; who never pedals has none at all.
    mean: meanOf(await integrate(cadence, { skipsZeros: true })),
    maximum: await maximumOf(cadence.column),
    moving: await aboveZero(await perSecond(cadence, "recorded")),
  };
}

async function heartrateOf(heartrate: Signal, { heartrates }: RideContext) {
  const series = await perSecond(heartrate, "recorded");
  return {
    mean: meanOf(await integrate(heartrate)),
    maximum: await maximumOf(heartrate.column),
    stress: heartrates && (await heartrateStress(heartrate, heartrates)),
    series,
    curve: await curveOf(heartrate, series),
  };
}

async function powerOf(power: Signal, { ftp }: Pick<RideContext, "ftp">) {
  const integral = await integrate(power);
  const series = await perSecond(power, "recorded");
  return {
    avgPower: meanOf(integral),
    maximum: await maximumOf(power.column),
    poweredTime: (integral?.time ?? 0) / 1000,
    /** kJ */
    work: integral && integral.area / 1e6,
    normalizedPower: await normalizedPower(series),
    zones: ftp === null || series.values.length === 0 ? null : await powerZones(series, ftp),
    series,
  };
}

/**
 * A stored summary with another FTP in W. Exact for a ride without power; else good to the rounding of the stored
 * Normalized Power, and without zones, which only the samples could tell.
 */
export function withFtp(summary: Summary, ftp: number | null): Summary {
  if (summary.ftp === ftp) return summary;
  // A stress by heart rate is none of the FTP's business.
  if (summary.stressSource === "heartrate") return { ...summary, ftp };
  const { intensityFactor, trainingStress } = effort({ ...summary, ftp });
  const stressSource = trainingStress === null ? null : "power";
  return { ...summary, ftp, intensityFactor, trainingStress, stressSource, powerZones: null };
}
