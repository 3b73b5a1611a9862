import { expect, test } from "bun:test";
import type { Sample } from "../../src/domain/sample.ts";
import type { Summary } from "../../src/domain/summary.ts";
import type { Pause } from "../../src/domain/timeline.ts";
import { curveOf, mergeSamples, ride, samplesAt, summarize, times } from "./rides.ts";

/*
 * Rides that devices really send, every number worked out by hand from the definitions of the workout metrics.
 *
 * Their powers climb once, so that the full 30-s windows climb evenly and the fourth powers of their means can be
 * summed with S(n) = 1⁴ + 2⁴ + … + n⁴ = n(n+1)(2n+1)(3n²+3n−1)/30:
 *   S(9) = 15,333, S(30) = 5,273,999, S(40) = 21,781,332.
 *
 * 100 → 400 W: 30 s of 100 W, then 30 s of 400 W. The 31 windows have means of 100, 110, … 400 W.
 *   NP = 10 · ((S(40) − S(9)) / 31)^¼ = 10 · 702,129^¼ = 289.470. The mean is 250 W, the work 60 · 250 = 15,000 J.
 *   VI = 289.470 / 250 = 1.15788, and with an FTP of 250 W the IF is the same.
 * 0 → 300 W: 30 s of 0 W, then 30 s of 300 W. The 31 windows have means of 0, 10, … 300 W.
 *   NP = 10 · (S(30) / 31)^¼ = 10 · 170,129^¼ = 203.093. The mean is 150 W, the work 60 · 150 = 9,000 J.
 *   VI = 203.093 / 150 = 1.35395.
 *
 * Stress is TSS = poweredTime/3600 · IF² · 100, and avgSpeed is totalDistance / recordedTime.
 */

type Ride = { samples: readonly Sample[]; pauses?: readonly Pause[]; ftp?: number };

function summaryOf({ samples, pauses = [], ftp = 250 }: Ride): Promise<Summary> {
  return summarize(samples, { pauses, ftp, skippedMessages: 0 });
}

/** Epoch ms of a moment of the ride. */
const at = (second: number) => 1_700_000_000_000 + second * 1000;

/** A sample a second from a moment of the ride on. */
const from = (second: number, fields: readonly object[]) => ride(fields, 1000, at(second));

/** The powerCurve of a ride that holds its best for half a minute. */
const halfAMinuteAt = (watts: number) => ({
  ...{ 1: watts, 2: watts, 3: watts, 5: watts, 8: watts },
  ...{ 10: watts, 15: watts, 20: watts, 30: watts },
});

const unknown = {
  ...{ normalizedPower: null, intensityFactor: null, trainingStress: null },
  ...{ variabilityIndex: null, efficiencyFactor: null, decoupling: null },
};

test("a pause by gap: 100 W for 30 s, a minute of nothing, 400 W for 30 s", async () => {
  const easy = times(30, { power: 100, heartrate: 100, speed: 18 });
  const hard = times(30, { power: 400, heartrate: 150, speed: 36 });
  const summary = await summaryOf({ samples: [...from(0, easy), ...from(90, hard)] });
  expect(summary).toMatchObject({
    sampleCount: 60,
    elapsedTime: 120, // 119 − 0 + 1
    recordedTime: 60,
    movingTime: 60,
    // The windows run on across the pause: 100 → 400 W.
    avgPower: 250,
    maxPower: 400,
    normalizedPower: 289,
    variabilityIndex: 1.158,
    intensityFactor: 1.158,
    trainingStress: 2.2, // 60/3600 · 1.15788² · 100 = 2.234
    avgHeartrate: 125,
    efficiencyFactor: 2.316, // 289.470 / 125
    totalEnergy: 15,
    totalDistance: 450, // 30 s · 5 m/s + 30 s · 10 m/s
    powerZones: [30, 0, 0, 0, 0, 0, 30], // 40 % and 160 %
  });
  // 60 s: 30 s of the pause and 30 · 400 W; 120 s: all 15,000 J.
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 200, 120: 125 });
});

test("a sample covers a gap of 10 s and, before a longer one, one interval of 2 s", async () => {
  const easy = samplesAt([0, 2, 4, 6].map(at), { power: 100, speed: 18 });
  const steady = samplesAt([16, 18].map(at), { power: 200, speed: 18 });
  const hard = samplesAt([58, 60].map(at), { power: 300, speed: 18 });
  const summary = await summaryOf({ samples: [...easy, ...steady, ...hard] });
  // The samples cover 2, 2, 2, 10; 2, 2; 2, 2 s: 16 s of 100 W, 4 s of 200 W, 4 s of 300 W.
  expect(summary).toMatchObject({
    sampleCount: 8,
    elapsedTime: 62, // 60 − 0 + 2
    recordedTime: 24,
    movingTime: 24,
    avgPower: 150, // (1600 + 800 + 1200) / 24
    ...unknown, // 24 s make no window
    totalEnergy: 4, // 3,600 J
    totalDistance: 120, // 24 s · 5 m/s
    powerZones: [16, 0, 4, 0, 0, 4, 0], // 40, 80 and 120 %
  });
  expect(summary.powerCurve).toEqual({
    ...{ 1: 300, 2: 300, 3: 300 },
    5: 240, // 1200 / 5, one second of it paused; 100 + 4 · 200 is less
    8: 150, // 1200 / 8, and 400 + 800 the same
    10: 140, // 6 · 100 + 4 · 200
    15: 126.7, // 11 · 100 + 4 · 200 = 1900
    20: 120, // 16 · 100 + 4 · 200 = 2400
    30: 80, // 2400
    60: 56.7, // from second 2 on: 14 · 100 + 800 + 1200 = 3400
  });
});

test("a pause that begins and ends amid a second, at 2 Hz", async () => {
  const summary = await summaryOf({
    samples: samplesAt([0, 0.5, 1, 20.5, 21, 21.5].map(at), { power: 400 }),
  });
  // Every sample covers half a second. Cut out, the pause leaves 3 whole seconds of 400 W; on the clock,
  // where it counts as zero, seconds 0, 1, 20 and 21 have 400, 200, 200 and 400 W: 1,200 J.
  expect(summary).toMatchObject({
    sampleCount: 6,
    elapsedTime: 22, // 21.5 − 0 + 0.5
    recordedTime: 3,
    movingTime: 3,
    avgPower: 400,
    ...unknown,
    totalEnergy: 1,
    powerZones: [0, 0, 0, 0, 0, 0, 3],
  });
  expect(summary.powerCurve).toEqual({
    ...{ 1: 400, 2: 300 },
    // One side of the pause, 600 J; both sides together would take 21 s.
    ...{ 3: 200, 5: 120, 8: 75, 10: 60, 15: 40, 20: 30 },
  });
});

test("an explicit pause amid samples, its start in and its end out", async () => {
  const easy = times(30, { power: 100, heartrate: 100, speed: 18 });
  const paused = times(30, { power: 1000, heartrate: 200, speed: 72 });
  const hard = times(30, { power: 400, heartrate: 150, speed: 18 });
  const samples = from(0, [...easy, ...paused, ...hard]).map((sample, second) => ({
    ...sample,
    distance: 7000 + second * 5,
  }));
  const summary = await summaryOf({ samples, pauses: [{ from: at(30), to: at(60) }] });
  expect(summary).toMatchObject({
    sampleCount: 90,
    elapsedTime: 90,
    recordedTime: 60,
    movingTime: 60,
    // 100 → 400 W; only maxima, which are of samples, know the pause.
    avgPower: 250,
    maxPower: 1000,
    normalizedPower: 289,
    variabilityIndex: 1.158,
    intensityFactor: 1.158,
    trainingStress: 2.2, // 60/3600 · 1.15788² · 100 = 2.234
    avgHeartrate: 125,
    maxHeartrate: 200,
    efficiencyFactor: 2.316, // 289.470 / 125
    avgSpeed: 26.7, // 445 m in the 60 s: also what was ridden in the pause counts
    maxSpeed: 72,
    totalEnergy: 15,
    totalDistance: 445, // 7445 − 7000: the odometer runs on
    powerZones: [30, 0, 0, 0, 0, 0, 30],
  });
  // 60 s: 30 s of the pause and 30 · 400 W.
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 200 });
});

test("explicit pauses that overlap a gap, in any order", async () => {
  const pauses = [
    { from: at(50), to: at(70) },
    { from: at(20), to: at(35) },
    { from: at(40), to: at(45) },
  ];
  // Ten seconds of each block are within a pause; the gap is from 30 s to 60 s.
  const samples = [...from(0, times(30, { power: 0 })), ...from(60, times(40, { power: 300 }))];
  const summary = await summaryOf({ samples, pauses });
  expect(summary).toMatchObject({
    sampleCount: 70,
    elapsedTime: 100,
    recordedTime: 50, // 20 + 30
    movingTime: 30,
    avgPower: 180, // 30 · 300 / 50
    // 21 windows of 100, 110, … 300 W: 10 · ((S(30) − S(9)) / 21)^¼ = 10 · 250,412.7^¼ = 223.699
    normalizedPower: 224,
    variabilityIndex: 1.243, // 223.699 / 180
    intensityFactor: 0.895, // 223.699 / 250
    trainingStress: 1.1, // 50/3600 · 0.89480² · 100 = 1.112
    efficiencyFactor: null,
    totalEnergy: 9,
    totalDistance: null,
    powerZones: [20, 0, 0, 0, 0, 30, 0], // 0 and 120 %
  });
  // 60 s: the last 30 · 300 W, the samples of the pause before them count as zero.
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(300), 60: 150 });
});

test("dropouts: power is missing while heartrate goes on, then the other way round", async () => {
  const samples = from(0, [
    ...times(30, { power: 100, heartrate: 100 }),
    ...[{ power: null }, {}, { power: -1 }, { power: 3001 }, { power: "400" }].flatMap((missing) =>
      times(2, { ...missing, heartrate: 100 }),
    ),
    ...[{ heartrate: null }, {}, { heartrate: 0 }, { heartrate: 19 }, { heartrate: 251 }].flatMap((missing) =>
      times(2, { ...missing, power: 400 }),
    ),
    ...times(20, { power: 400, heartrate: 150 }),
  ]);
  const summary = await summaryOf({ samples });
  expect(summary).toMatchObject({
    sampleCount: 70,
    elapsedTime: 70,
    recordedTime: 70, // a dropout of one field is no pause
    poweredTime: 60,
    movingTime: 60, // nothing moves in the 10 s without power
    // Without those: 100 → 400 W.
    avgPower: 250,
    maxPower: 400,
    normalizedPower: 289,
    variabilityIndex: 1.158,
    intensityFactor: 1.158,
    trainingStress: 2.2, // 60/3600 · 1.15788² · 100 = 2.234
    stressSource: "power",
    avgHeartrate: 117, // (40 · 100 + 20 · 150) / 60 = 116.667
    maxHeartrate: 150,
    efficiencyFactor: 2.481, // 289.470 / 116.667
    totalEnergy: 15,
    powerZones: [30, 0, 0, 0, 0, 0, 30], // 60 s with power
  });
  // 60 s, the dropout as zero: 20 · 100 + 30 · 400 = 14,000 J
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 233.3 });
});

test("4 Hz, the power changing within each second", async () => {
  // Seconds of two quarters low, two high, and the next the other way round: any second that does not start
  // on a whole one could be all high.
  const halfMinute = (low: object, high: object) =>
    times(15, [low, low, high, high, high, high, low, low]).flat();
  const easy = halfMinute({ power: 0, heartrate: 100 }, { power: 200, heartrate: 120 });
  const hard = halfMinute({ power: 100, heartrate: 100 }, { power: 700, heartrate: 120 });
  const summary = await summaryOf({ samples: ride([...easy, ...hard], 250) });
  expect(summary).toMatchObject({
    sampleCount: 240,
    elapsedTime: 60, // 59.75 − 0 + 0.25
    recordedTime: 60,
    movingTime: 60, // no second is without power, only 60 quarters are
    // By seconds of (0 + 200)/2 and (100 + 700)/2: 100 → 400 W.
    avgPower: 250,
    maxPower: 700,
    normalizedPower: 289,
    variabilityIndex: 1.158,
    intensityFactor: 1.158,
    trainingStress: 2.2, // 60/3600 · 1.15788² · 100 = 2.234
    avgHeartrate: 110,
    maxHeartrate: 120,
    efficiencyFactor: 2.632, // 289.470 / 110 = 2.6315
    totalEnergy: 15,
    powerZones: [30, 0, 0, 0, 0, 0, 30], // by seconds, not by samples
  });
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 250 });
});

test("0.2 Hz, with a sample lost and a dropout at the end", async () => {
  const easy = samplesAt([0, 5, 10, 20, 25].map(at), { power: 0, speed: 18 });
  const hard = samplesAt([30, 35, 40, 45, 50, 55].map(at), { power: 300, speed: 18 });
  const dropout = samplesAt([at(60)], { power: null, speed: 18 });
  const summary = await summaryOf({ samples: [...easy, ...hard, ...dropout] });
  // Each sample covers 5 s, the one before the lost sample 10 s: 0 → 300 W, then 5 s without power.
  expect(summary).toMatchObject({
    sampleCount: 12,
    elapsedTime: 65, // 60 − 0 + 5
    recordedTime: 65,
    movingTime: 65,
    avgPower: 150,
    maxPower: 300,
    normalizedPower: 203,
    variabilityIndex: 1.354,
    intensityFactor: 0.812, // 203.093 / 250
    poweredTime: 60,
    trainingStress: 1.1, // 60/3600 · 0.81237² · 100 = 1.0999
    totalEnergy: 9,
    totalDistance: 325, // 65 s · 5 m/s
    powerZones: [30, 0, 0, 0, 0, 30, 0], // 0 and 120 %
  });
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(300), 60: 150 });
});

test("a single sample of 500 W is a second", async () => {
  const sample = { power: 500, cadence: 90, heartrate: 125, speed: 36, distance: 4000, altitude: 120 };
  expect(await summaryOf({ samples: ride([sample]) })).toEqual({
    ...{ sampleCount: 1, skippedSamples: 0, skippedMessages: 0, stressSource: null },
    ...{ elapsedTime: 1, recordedTime: 1, movingTime: 1, poweredTime: 1 },
    ...{ avgPower: 500, maxPower: 500, ...unknown },
    ...{ avgCadence: 90, maxCadence: 90, avgHeartrate: 125, maxHeartrate: 125, avgSpeed: 36, maxSpeed: 36 },
    totalDistance: 10, // 1 s · 10 m/s: a single reading of the odometer is no way
    elevationGain: 0,
    totalEnergy: 1, // 0.5 kJ, half up
    ftp: 250,
    powerZones: [0, 0, 0, 0, 0, 0, 1], // 200 %
    powerCurve: { 1: 500 },
  });
});

test("no power at all, only heartrate and speed", async () => {
  const rolling = times(30, { heartrate: 120, speed: 36 });
  const standing = times(30, { heartrate: 141, speed: 0 });
  expect(await summaryOf({ samples: ride([...rolling, ...standing]) })).toEqual({
    ...{ sampleCount: 60, skippedSamples: 0, skippedMessages: 0, elapsedTime: 60, recordedTime: 60 },
    ...{ movingTime: 30, poweredTime: 0, stressSource: null },
    ...{ avgPower: null, maxPower: null, ...unknown },
    ...{ avgCadence: null, maxCadence: null },
    avgHeartrate: 131, // 130.5, half up
    maxHeartrate: 141,
    avgSpeed: 18,
    maxSpeed: 36,
    totalDistance: 300, // 30 s · 10 m/s
    ...{ elevationGain: null, totalEnergy: null, ftp: 250, powerZones: null, powerCurve: null },
  });
});

test("only power: 0 W for 30 s, 300 W for 30 s", async () => {
  const samples = ride([...times(30, { power: 0 }), ...times(30, { power: 300 })]);
  expect(await summaryOf({ samples, ftp: 200 })).toEqual({
    ...{ sampleCount: 60, skippedSamples: 0, skippedMessages: 0, elapsedTime: 60, recordedTime: 60 },
    ...{ movingTime: 30, poweredTime: 60 },
    // 0 → 300 W
    avgPower: 150,
    maxPower: 300,
    normalizedPower: 203,
    variabilityIndex: 1.354,
    intensityFactor: 1.015, // 203.093 / 200
    trainingStress: 1.7, // 60/3600 · 1.01546² · 100 = 1.719
    stressSource: "power",
    ...{ efficiencyFactor: null, decoupling: null },
    ...{ avgCadence: null, maxCadence: null, avgHeartrate: null, maxHeartrate: null },
    ...{ avgSpeed: null, maxSpeed: null, totalDistance: null, elevationGain: null },
    totalEnergy: 9,
    ftp: 200,
    powerZones: [30, 0, 0, 0, 0, 0, 30], // 0 and 150 %
    powerCurve: { ...halfAMinuteAt(300), 60: 150 },
  });
});

test("a spike of 21,733 W amid a minute of 200 W", async () => {
  const steady = times(30, { power: 200 });
  const summary = await summaryOf({ samples: ride([...steady, { power: 21_733 }, ...steady]), ftp: 100 });
  expect(summary).toMatchObject({
    sampleCount: 61,
    elapsedTime: 61,
    recordedTime: 61,
    movingTime: 60, // nothing moves in the second without power
    avgPower: 200,
    maxPower: 200,
    normalizedPower: 200,
    variabilityIndex: 1,
    intensityFactor: 2,
    poweredTime: 60,
    trainingStress: 6.7, // 60/3600 · 2² · 100 = 6.667
    totalEnergy: 12, // 60 · 200 J
    powerZones: [0, 0, 0, 0, 0, 0, 60],
  });
  // 60 s: 59 · 200 / 60 = 196.67
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(200), 60: 196.7 });
});

test("a clock that jumps back onto samples, before the start, and onto samples again", async () => {
  const arrived = [
    ...from(0, times(40, { power: 100, heartrate: 120 })),
    ...from(30, times(30, { power: 400, cadence: 90 })),
    ...from(-10, times(10, { heartrate: 60 })),
    ...from(0, times(5, { heartrate: null })),
  ];
  const summary = await summaryOf({ samples: mergeSamples(arrived) });
  // In order: 10 s of 60 bpm; 100 W for 30 s; 400 W for 30 s; 120 bpm from second 0 up to 40, which nulls do not
  // erase, and carried on from second 39 up to 49.
  expect(summary).toMatchObject({
    sampleCount: 70, // of 85
    elapsedTime: 70, // 59 − −10 + 1
    recordedTime: 70,
    movingTime: 60,
    // 100 → 400 W
    avgPower: 250,
    maxPower: 400,
    normalizedPower: 289,
    variabilityIndex: 1.158,
    intensityFactor: 1.158,
    trainingStress: 2.2, // 60/3600 · 1.15788² · 100 = 2.234
    avgCadence: 90,
    avgHeartrate: 110, // (10 · 60 + 49 · 120) / 59 = 109.831
    maxHeartrate: 120,
    efficiencyFactor: 2.636, // 289.470 / 109.831
    totalEnergy: 15,
    powerZones: [30, 0, 0, 0, 0, 0, 30],
  });
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 250 });
});

test("a clock that jumps back between samples: they interleave", async () => {
  const arrived = [...from(0, times(30, { power: 100 })), ...from(0.5, times(30, { power: 400 }))];
  const summary = await summaryOf({ samples: mergeSamples(arrived) });
  // Each sample covers half a second, and every second has (100 + 400)/2 W.
  expect(summary).toMatchObject({
    sampleCount: 60,
    elapsedTime: 30, // 29.5 − 0 + 0.5
    recordedTime: 30,
    movingTime: 30,
    avgPower: 250,
    maxPower: 400,
    normalizedPower: 250,
    variabilityIndex: 1,
    intensityFactor: 1,
    trainingStress: 0.8, // 30/3600 · 100 = 0.833
    totalEnergy: 8, // 7.5 kJ, half up
    powerZones: [0, 0, 0, 30, 0, 0, 0],
  });
  expect(summary.powerCurve).toEqual(halfAMinuteAt(250));
});

test("decoupling over 20 min around a break of half an hour, heartrate missing for a while", async () => {
  const recorded = from(0, [
    ...times(400, { power: 150, heartrate: 100 }),
    ...times(200, { power: 300, heartrate: 150 }),
    ...times(200, { power: 180, heartrate: 120 }),
    ...times(100, { power: 1000 }),
    ...times(300, { power: 180, heartrate: 120 }),
  ]);
  const samples = recorded.map((sample, second) => ({
    ...sample,
    timestamp: sample.timestamp + (second < 1000 ? 0 : 1_800_000),
  }));
  const summary = await summaryOf({ samples, ftp: 300 });
  expect(summary).toMatchObject({
    sampleCount: 1200,
    elapsedTime: 3000,
    recordedTime: 1200,
    movingTime: 1200,
    avgPower: 258, // (60,000 + 60,000 + 90,000 + 100,000) / 1200 = 258.33
    totalEnergy: 310,
    avgHeartrate: 118, // (40,000 + 30,000 + 60,000 + 9 · 120) / 1109 = 118.20
    // Of the 100 s without heartrate it is carried on over the first 9. r₁ = 120,000 / 70,000 = 12/7;
    // r₂ = (90,000 + 9 · 1000) / (60,000 + 9 · 120) = 99,000 / 61,080 = 1.62083; 1 − 1.62083 · 7/12 = 0.05452
    decoupling: 5.45,
    powerZones: [400, 500, 0, 200, 0, 0, 100], // 50, 60, 100 and 333 %
  });
  expect(summary.powerCurve).toEqual({
    ...halfAMinuteAt(1000),
    60: 1000,
    120: 863.3, // 100 · 1000 + 20 · 180 = 103,600
    180: 635.6, // 100 · 1000 + 80 · 180 = 114,400
    300: 453.3, // 100 · 1000 + 200 · 180 = 136,000
    480: 395.8, // 136,000 + 180 · 300 = 190,000
    600: 356.7, // 136,000 + 200 · 300 + 100 · 180 = 214,000
    1200: 228.3, // 214,000 + 400 · 150 = 274,000, then the break
    1800: 152.2, // 274,000
  });
  expect((await summaryOf({ samples: samples.slice(1) })).decoupling).toBeNull();
});

test("two devices take turns: power and a reading of the odometer at .0, heartrate at .5, and each for itself stops", async () => {
  const samples = times(60, 0).flatMap((_, second) => [
    { timestamp: at(second), ...(second < 40 ? { power: 200, distance: second * 10 } : {}) },
    { timestamp: at(second + 0.5), ...(second < 30 ? { heartrate: 140 } : {}) },
  ]);
  const summary = await summaryOf({ samples });
  expect(summary).toMatchObject({
    sampleCount: 120,
    elapsedTime: 60,
    recordedTime: 60,
    // Power from 0 s up to 10 s after the last, at 39 s.
    poweredTime: 49,
    movingTime: 49,
    totalEnergy: 10, // 49 · 200 J
    normalizedPower: 200,
    trainingStress: 0.9, // 49/3600 · 0.8² · 100 = 0.871
    avgHeartrate: 140,
    totalDistance: 390, // an odometer is not carried on
    avgSpeed: 23.4, // 390 m in 60 s
  });
  // The heart rate is known from 0.5 s up to 39.5 s, so in 40 seconds, of two of them a half.
  expect(await curveOf(samples, [], "heartrate")).toMatchObject({ 1: 140, 30: 140, 60: 93.3 }); // 40 · 140 / 60
  expect(summary.powerCurve).toMatchObject({ 30: 200, 60: 163.3 }); // 49 · 200 / 60
});

test("a smart recording: gaps of a minute while the odometer goes on are ridden, one while it stands is not", async () => {
  const seconds = [0, 1, 2, 3, 63, 123, 183, 184, 185, 186];
  // 5 m/s but from 123 to 183 s, where it is 30 m in a minute: not above 0.5 m/s.
  const metres = [0, 5, 10, 15, 315, 615, 645, 650, 655, 660];
  const samples = seconds.map((second, index) => ({
    timestamp: at(second),
    power: second === 3 ? 300 : 100,
    distance: metres[index],
  }));
  const summary = await summaryOf({ samples });
  // Gaps of 1 s six times, and of 60 s, of which two are covered: the interval is 1 s.
  expect(summary).toMatchObject({
    elapsedTime: 187,
    recordedTime: 128, // 3 + 60 + 60 + 1 (before the pause) + 4
    poweredTime: 128,
    avgPower: 194, // (60 · 300 + 68 · 100) / 128 = 193.75
    totalEnergy: 25, // 24.8 kJ
    totalDistance: 660,
    avgSpeed: 18.6, // 660 m in 128 s: 18.5625 km/h
    powerZones: [68, 0, 0, 0, 0, 60, 0], // 40 and 120 %
  });
});

test("a clock that was wrong for two samples of 400: in none of the metrics, and one of five is another day", async () => {
  const day = 86_400;
  const ridden = from(0, times(400, { power: 250, altitude: 100 }));
  const wrong = [
    { timestamp: at(-9000 * day), power: 2000, heartrate: 200 },
    { timestamp: at(100 * day), power: 2000, distance: 1e6 },
  ];
  const samples = mergeSamples([...ridden, ...wrong]);
  expect(await summaryOf({ samples })).toMatchObject({
    ...{ sampleCount: 400, skippedSamples: 2, elapsedTime: 400, recordedTime: 400, poweredTime: 400 },
    ...{ maxPower: 250, avgPower: 250, maxHeartrate: null, totalDistance: null, totalEnergy: 100 },
  });
  // Four of 400 are 1 %, which is not less than 1 %.
  const other = from(3 * day, times(4, { power: 250 }));
  expect(await summaryOf({ samples: [...ridden, ...other] })).toMatchObject({
    ...{ sampleCount: 404, skippedSamples: 0, elapsedTime: 3 * day + 4, recordedTime: 404 },
  });
});

test("without power the stress comes from heartrate: an hour at the threshold is 100, and the FTP says nothing", async () => {
  const heartrates = { resting: 50, threshold: 170, max: 190 };
  const context = { pauses: [], ftp: 250, heartrates, skippedMessages: 0 };
  const hour = await summarize(from(0, times(3600, { heartrate: 170 })), context);
  expect(hour).toMatchObject({ trainingStress: 100, stressSource: "heartrate", intensityFactor: null });
  // r = 70/140 = 0.5 against 6/7: w = 0.5 · e^0.96 = 1.305848, w(threshold) = 0.857143 · e^1.645714 = 4.444039
  // and half an hour: 50 · 1.305848 / 4.444039 = 14.692
  const easy = await summarize(from(0, times(1800, { heartrate: 120 })), context);
  expect(easy).toMatchObject({ trainingStress: 14.7, stressSource: "heartrate" });
  // Above the maximum it is as at it: w(1) = e^1.92 = 6.820958; 10 min: 100 · 6.820958 / 4.444039 / 6 = 25.581
  const hard = await summarize(from(0, times(600, { heartrate: 230 })), context);
  expect(hard.trainingStress).toBe(25.6);
  const both = await summarize(from(0, times(600, { heartrate: 170, power: 0 })), context);
  expect(both).toMatchObject({ trainingStress: 0, stressSource: "power", intensityFactor: 0 });
  const withoutFtp = { ...context, ftp: null };
  expect(await summarize(from(0, times(600, { heartrate: 170, power: 200 })), withoutFtp)).toMatchObject({
    ...{ trainingStress: null, stressSource: null },
  });
  expect(await summarize(from(0, times(600, { heartrate: 170 })), withoutFtp)).toMatchObject({
    trainingStress: 16.7,
    stressSource: "heartrate",
  });
});
