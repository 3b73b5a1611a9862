import { clockSeries, piecesOf, recordedLength, recordedSeries } from "./axes.ts";
import { odometerDistance } from "./distance.ts";
import { elevationGain } from "./elevation.ts";
import { largest, ratio, rounded, roundedOrNull } from "./numbers.ts";
import {
  type Curve,
  coveredTime,
  curveOf,
  decoupling,
  type HeartrateSettings,
  integral,
  normalizedPower,
  secondsInZones,
  stressByHeartrate,
  weightedMean,
} from "./power.ts";
import {
  type Field,
  type Message,
  mergedSamples,
  readings,
  type Sample,
  withoutClockFaults,
} from "./samples.ts";
import { type Span, timelineOf } from "./timeline.ts";

export type Context = {
  /** By the clock of the samples, epoch ms. */
  pauses: Span[];
  /** W, of the ride's sport on its day. */
  ftp: number | null;
  settings?: HeartrateSettings;
  skippedMessages: number;
};

export type Metrics = {
  summary: ReturnType<typeof summaryOf>;
  heartrateCurve: Curve;
  speedCurve: Curve;
  /** Epoch ms of the first and the last sample; null of a ride without any. */
  startTime: number | null;
  endTime: number | null;
};

/** The metrics of a ride, to the letter of their definitions; slow, and on purpose a second way to have them. */
export function metricsByDefinition(messages: readonly Message[], context: Context): Metrics {
  const { samples, skipped } = withoutClockFaults(mergedSamples(messages));
  const ride = rideOf(samples, context.pauses);
  return {
    summary: summaryOf(ride, skipped, context),
    heartrateCurve: ride.curve("heartrate"),
    speedCurve: ride.curve("speed"),
    startTime: samples.at(0)?.at ?? null,
    endTime: samples.at(-1)?.at ?? null,
  };
}

function rideOf(samples: Sample[], pauses: readonly Span[]) {
  const timeline =
    samples.length === 0
      ? { start: 0, end: 0, interval: 0, covers: [], pauses: [] }
      : timelineOf(samples, pauses);
  const pieces = (field: Field) => piecesOf(samples, timeline, field);
  return {
    samples,
    /** s. */
    elapsedTime: (timeline.end - timeline.start) / 1000,
    recordedTime: recordedLength(timeline) / 1000,
    pieces,
    readings: (field: Field) => readings(samples, field),
    recorded: (field: Field) => recordedSeries(pieces(field), timeline),
    curve(field: Field): Curve {
      const covered = pieces(field);
      return covered.length === 0 ? {} : curveOf(clockSeries(covered, timeline));
    },
  };
}

type Ride = ReturnType<typeof rideOf>;

function summaryOf(ride: Ride, skippedSamples: number, { ftp, settings, skippedMessages }: Context) {
  const power = ride.pieces("power");
  const heartrate = ride.pieces("heartrate");
  const np = normalizedPower(ride.recorded("power"));
  const avgPower = weightedMean(power);
  const avgHeartrate = weightedMean(heartrate);
  const poweredTime = coveredTime(power);
  const distance = totalDistance(ride);
  const altitudes = ride.readings("altitude");
  const stress = stressOf(ride, np, poweredTime, ftp, settings);
  const avgMetresPerSecond = ratio(distance, ride.recordedTime);
  const maximum = (field: Field) => largest(ride.readings(field).map(({ value }) => value));
  return {
    sampleCount: ride.samples.length,
    skippedSamples,
    skippedMessages,
    elapsedTime: rounded(ride.elapsedTime),
    recordedTime: rounded(ride.recordedTime),
    movingTime: movingTime(ride),
    poweredTime: rounded(poweredTime),
    avgPower: roundedOrNull(avgPower),
    maxPower: roundedOrNull(maximum("power")),
    normalizedPower: roundedOrNull(np),
    intensityFactor: roundedOrNull(ratio(np, ftp), 3),
    trainingStress: roundedOrNull(stress?.stress ?? null, 1),
    stressSource: stress?.source ?? null,
    // The page gives these three no digits: not rounded.
    variabilityIndex: ratio(np, avgPower),
    efficiencyFactor: ratio(np, avgHeartrate),
    decoupling: decoupling(ride.recorded("power"), ride.recorded("heartrate"), ride.recordedTime),
    avgCadence: roundedOrNull(weightedMean(ride.pieces("cadence").filter(({ value }) => value !== 0))),
    maxCadence: roundedOrNull(maximum("cadence")),
    avgHeartrate: roundedOrNull(avgHeartrate),
    maxHeartrate: roundedOrNull(maximum("heartrate")),
    avgSpeed: avgMetresPerSecond === null ? null : rounded(avgMetresPerSecond * 3.6, 1),
    maxSpeed: roundedOrNull(maximum("speed"), 2),
    totalDistance: roundedOrNull(distance),
    elevationGain: altitudes.length === 0 ? null : rounded(elevationGain(altitudes)),
    totalEnergy: power.length === 0 ? null : rounded(integral(power) / 1000),
    ftp,
    powerZones: ftp === null ? null : secondsInZones(ride.recorded("power"), ftp),
    powerCurve: ride.curve("power"),
  };
}

/** The whole seconds of the recorded axis in which something moves. */
function movingTime(ride: Ride): number {
  const series = (["speed", "cadence", "power"] as const).map((field) => ride.recorded(field));
  const seconds = Math.floor(ride.recordedTime);
  const moves = (second: number) => series.some((values) => (values[second] ?? 0) > 0);
  return Array.from({ length: seconds }, (_, second) => second).filter(moves).length;
}

/** m. */
function totalDistance(ride: Ride): number | null {
  const odometer = ride.readings("distance");
  if (odometer.length >= 2) return odometerDistance(odometer);
  const speed = ride.pieces("speed");
  return speed.length === 0 ? null : integral(speed) / 3.6;
}

function stressOf(
  ride: Ride,
  np: number | null,
  poweredTime: number,
  ftp: number | null,
  settings: HeartrateSettings = {},
): { stress: number; source: "power" | "heartrate" } | null {
  if (ride.readings("power").length === 0) {
    const stress = stressByHeartrate(ride.pieces("heartrate"), settings);
    return stress === null ? null : { stress, source: "heartrate" };
  }
  const intensity = ratio(np, ftp);
  if (np === null || ftp === null || intensity === null) return null;
  return { stress: ((poweredTime * np * intensity) / (ftp * 3600)) * 100, source: "power" };
}
