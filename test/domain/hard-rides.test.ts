import { expect, test } from "bun:test";
import { mergeSamples, type Sample } from "../../src/domain/sample.ts";
import { type Summary, summarize } from "../../src/domain/summary.ts";
import type { Pause } from "../../src/domain/timeline.ts";
import { ride, samplesAt, times } from "./rides.ts";

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
 * Stress is TSS = recordedTime/3600 · IF² · 100.
 */

type Ride = { samples: readonly Sample[]; pauses?: readonly Pause[]; ftp?: number };

function summaryOf({ samples, pauses = [], ftp = 250 }: Ride): Summary {
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

test("a pause by gap: 100 W for 30 s, a minute of nothing, 400 W for 30 s", () => {
  const easy = times(30, { power: 100, heartrate: 100, speed: 18 });
  const hard = times(30, { power: 400, heartrate: 150, speed: 36 });
  const summary = summaryOf({ samples: [...from(0, easy), ...from(90, hard)] });
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

test("a sample covers a gap of 10 s and, before a longer one, one interval of 2 s", () => {
  const easy = samplesAt([0, 2, 4, 6].map(at), { power: 100, speed: 18 });
  const steady = samplesAt([16, 18].map(at), { power: 200, speed: 18 });
  const hard = samplesAt([58, 60].map(at), { power: 300, speed: 18 });
  const summary = summaryOf({ samples: [...easy, ...steady, ...hard] });
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

test("a pause that begins and ends amid a second, at 2 Hz", () => {
  const summary = summaryOf({ samples: samplesAt([0, 0.5, 1, 20.5, 21, 21.5].map(at), { power: 400 }) });
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

test("an explicit pause amid samples, its start in and its end out", () => {
  const easy = times(30, { power: 100, heartrate: 100, speed: 18 });
  const paused = times(30, { power: 1000, heartrate: 200, speed: 72 });
  const hard = times(30, { power: 400, heartrate: 150, speed: 18 });
  const samples = from(0, [...easy, ...paused, ...hard]).map((sample, second) => ({
    ...sample,
    distance: 7000 + second * 5,
  }));
  const summary = summaryOf({ samples, pauses: [{ from: at(30), to: at(60) }] });
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
    avgSpeed: 18,
    maxSpeed: 72,
    totalEnergy: 15,
    totalDistance: 445, // 7445 − 7000: the odometer runs on
    powerZones: [30, 0, 0, 0, 0, 0, 30],
  });
  // 60 s: 30 s of the pause and 30 · 400 W.
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 200 });
});

test("explicit pauses that overlap a gap, in any order", () => {
  const pauses = [
    { from: at(50), to: at(70) },
    { from: at(20), to: at(35) },
    { from: at(40), to: at(45) },
  ];
  // Ten seconds of each block are within a pause; the gap is from 30 s to 60 s.
  const samples = [...from(0, times(30, { power: 0 })), ...from(60, times(40, { power: 300 }))];
  const summary = summaryOf({ samples, pauses });
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

test("dropouts: power is missing while heartrate goes on, then the other way round", () => {
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
  const summary = summaryOf({ samples });
  expect(summary).toMatchObject({
    sampleCount: 70,
    elapsedTime: 70,
    recordedTime: 70, // a dropout of one field is no pause
    movingTime: 60, // nothing moves in the 10 s without power
    // Without those: 100 → 400 W.
    avgPower: 250,
    maxPower: 400,
    normalizedPower: 289,
    variabilityIndex: 1.158,
    intensityFactor: 1.158,
    trainingStress: 2.6, // 70/3600 · 1.15788² · 100 = 2.607
    avgHeartrate: 117, // (40 · 100 + 20 · 150) / 60 = 116.667
    maxHeartrate: 150,
    efficiencyFactor: 2.481, // 289.470 / 116.667
    totalEnergy: 15,
    powerZones: [30, 0, 0, 0, 0, 0, 30], // 60 s with power
  });
  // 60 s, the dropout as zero: 20 · 100 + 30 · 400 = 14,000 J
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 233.3 });
});

test("4 Hz, the power changing within each second", () => {
  // Seconds of two quarters low, two high, and the next the other way round: any second that does not start
  // on a whole one could be all high.
  const halfMinute = (low: object, high: object) =>
    times(15, [low, low, high, high, high, high, low, low]).flat();
  const easy = halfMinute({ power: 0, heartrate: 100 }, { power: 200, heartrate: 120 });
  const hard = halfMinute({ power: 100, heartrate: 100 }, { power: 700, heartrate: 120 });
  const summary = summaryOf({ samples: ride([...easy, ...hard], 250) });
  expect(summary).toMatchObject({
    sampleCount: 240,
    elapsedTime: 60, // 59.75 − 0 + 0.25
    recordedTime: 60,
    movingTime: 45, // without the 60 quarters of 0 W
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

test("0.2 Hz, with a sample lost and a dropout at the end", () => {
  const easy = samplesAt([0, 5, 10, 20, 25].map(at), { power: 0, speed: 18 });
  const hard = samplesAt([30, 35, 40, 45, 50, 55].map(at), { power: 300, speed: 18 });
  const dropout = samplesAt([at(60)], { power: null, speed: 18 });
  const summary = summaryOf({ samples: [...easy, ...hard, ...dropout] });
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
    trainingStress: 1.2, // 65/3600 · 0.81237² · 100 = 1.192
    totalEnergy: 9,
    totalDistance: 325, // 65 s · 5 m/s
    powerZones: [30, 0, 0, 0, 0, 30, 0], // 0 and 120 %
  });
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(300), 60: 150 });
});

test("a single sample of 500 W is a second", () => {
  const sample = { power: 500, cadence: 90, heartrate: 125, speed: 36, distance: 4000, altitude: 120 };
  expect(summaryOf({ samples: ride([sample]) })).toEqual({
    ...{ sampleCount: 1, skippedMessages: 0, elapsedTime: 1, recordedTime: 1, movingTime: 1 },
    ...{ avgPower: 500, maxPower: 500, ...unknown },
    ...{ avgCadence: 90, maxCadence: 90, avgHeartrate: 125, maxHeartrate: 125, avgSpeed: 36, maxSpeed: 36 },
    totalDistance: 0, // 4000 − 4000: a valid distance goes before speed
    elevationGain: 0,
    totalEnergy: 1, // 0.5 kJ, half up
    ftp: 250,
    powerZones: [0, 0, 0, 0, 0, 0, 1], // 200 %
    powerCurve: { 1: 500 },
  });
});

test("no power at all, only heartrate and speed", () => {
  const rolling = times(30, { heartrate: 120, speed: 36 });
  const standing = times(30, { heartrate: 141, speed: 0 });
  expect(summaryOf({ samples: ride([...rolling, ...standing]) })).toEqual({
    ...{ sampleCount: 60, skippedMessages: 0, elapsedTime: 60, recordedTime: 60 },
    movingTime: 30,
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

test("only power: 0 W for 30 s, 300 W for 30 s", () => {
  const samples = ride([...times(30, { power: 0 }), ...times(30, { power: 300 })]);
  expect(summaryOf({ samples, ftp: 200 })).toEqual({
    ...{ sampleCount: 60, skippedMessages: 0, elapsedTime: 60, recordedTime: 60 },
    movingTime: 30,
    // 0 → 300 W
    avgPower: 150,
    maxPower: 300,
    normalizedPower: 203,
    variabilityIndex: 1.354,
    intensityFactor: 1.015, // 203.093 / 200
    trainingStress: 1.7, // 60/3600 · 1.01546² · 100 = 1.719
    ...{ efficiencyFactor: null, decoupling: null },
    ...{ avgCadence: null, maxCadence: null, avgHeartrate: null, maxHeartrate: null },
    ...{ avgSpeed: null, maxSpeed: null, totalDistance: null, elevationGain: null },
    totalEnergy: 9,
    ftp: 200,
    powerZones: [30, 0, 0, 0, 0, 0, 30], // 0 and 150 %
    powerCurve: { ...halfAMinuteAt(300), 60: 150 },
  });
});

test("a spike of 21,733 W amid a minute of 200 W", () => {
  const steady = times(30, { power: 200 });
  const summary = summaryOf({ samples: ride([...steady, { power: 21_733 }, ...steady]), ftp: 100 });
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
    trainingStress: 6.8, // 61/3600 · 2² · 100 = 6.778
    totalEnergy: 12, // 60 · 200 J
    powerZones: [0, 0, 0, 0, 0, 0, 60],
  });
  // 60 s: 59 · 200 / 60 = 196.67
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(200), 60: 196.7 });
});

test("a clock that jumps back onto samples, before the start, and onto samples again", () => {
  const arrived = [
    ...from(0, times(40, { power: 100, heartrate: 120 })),
    ...from(30, times(30, { power: 400, cadence: 90 })),
    ...from(-10, times(10, { heartrate: 60 })),
    ...from(0, times(5, { heartrate: null })),
  ];
  const summary = summaryOf({ samples: mergeSamples(arrived) });
  // In order: 10 s of 60 bpm; 100 W for 30 s; 400 W for 30 s; 120 bpm from second 5 up to 40.
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
    trainingStress: 2.6, // 70/3600 · 1.15788² · 100 = 2.607
    avgCadence: 90,
    avgHeartrate: 107, // (10 · 60 + 35 · 120) / 45 = 106.667
    maxHeartrate: 120,
    efficiencyFactor: 2.714, // 289.470 / 106.667
    totalEnergy: 15,
    powerZones: [30, 0, 0, 0, 0, 0, 30],
  });
  expect(summary.powerCurve).toEqual({ ...halfAMinuteAt(400), 60: 250 });
});

test("a clock that jumps back between samples: they interleave", () => {
  const arrived = [...from(0, times(30, { power: 100 })), ...from(0.5, times(30, { power: 400 }))];
  const summary = summaryOf({ samples: mergeSamples(arrived) });
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

test("decoupling over 20 min around a break of half an hour, heartrate missing for a while", () => {
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
  const summary = summaryOf({ samples, ftp: 300 });
  expect(summary).toMatchObject({
    sampleCount: 1200,
    elapsedTime: 3000,
    recordedTime: 1200,
    movingTime: 1200,
    avgPower: 258, // (60,000 + 60,000 + 90,000 + 100,000) / 1200 = 258.33
    totalEnergy: 310,
    avgHeartrate: 118, // (40,000 + 30,000 + 60,000) / 1100 = 118.18
    // r₁ = 120,000 / 70,000 = 12/7; r₂ = 90,000 / 60,000 = 3/2, without the 100 s; 1 − 3/2 · 7/12 = 1/8
    decoupling: 12.5,
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
  expect(summaryOf({ samples: samples.slice(1) }).decoupling).toBeNull();
});
