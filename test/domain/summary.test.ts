import { expect, test } from "bun:test";
import type { Sample } from "../../src/domain/sample.ts";
import { EMPTY_SUMMARY, type Summary, withFtp } from "../../src/domain/summary.ts";
import { mergeSamples, ride, samplesAt, summarize, summaryOf, times } from "./rides.ts";

const nothing: Summary = {
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

test("without samples counts and times are zero and nothing else is known", async () => {
  expect(await summaryOf([])).toEqual(nothing);
});

test("messages that were no samples are counted, and the FTP is stated even if nothing needs it", async () => {
  const summary = await summarize([], { pauses: [], ftp: 250, skippedMessages: 3 });
  expect(summary).toEqual({ ...nothing, ftp: 250, skippedMessages: 3 });
});

test("what is empty is what nothing makes", () => {
  expect(EMPTY_SUMMARY).toEqual(nothing);
});

test("a single sample lasts a second", async () => {
  expect(await summaryOf(ride([{ power: 200, heartrate: 120, distance: 12, altitude: 300 }]))).toEqual({
    ...nothing,
    ...{ sampleCount: 1, elapsedTime: 1, recordedTime: 1, movingTime: 1, poweredTime: 1 },
    ...{ avgPower: 200, maxPower: 200, totalEnergy: 0, powerCurve: { 1: 200 } },
    // A single reading of the odometer is no way.
    ...{ avgHeartrate: 120, maxHeartrate: 120, totalDistance: null, elevationGain: 0 },
  });
});

test("an hour at FTP, every field", async () => {
  const second = { power: 250, cadence: 90, heartrate: 125, speed: 36, altitude: 100 };
  const summary = await summarize(ride(times(3600, second)), { pauses: [], ftp: 250, skippedMessages: 1 });
  const { powerCurve, ...rest } = summary;
  expect(rest).toEqual({
    ...{ sampleCount: 3600, skippedSamples: 0, skippedMessages: 1 },
    ...{ elapsedTime: 3600, recordedTime: 3600, movingTime: 3600, poweredTime: 3600 },
    ...{ avgPower: 250, maxPower: 250, normalizedPower: 250, intensityFactor: 1 },
    ...{ trainingStress: 100, stressSource: "power" },
    ...{
      variabilityIndex: 1,
      efficiencyFactor: 2,
      decoupling: 0,
      ftp: 250,
      powerZones: [0, 0, 0, 3600, 0, 0, 0],
    },
    ...{ avgCadence: 90, maxCadence: 90, avgHeartrate: 125, maxHeartrate: 125, avgSpeed: 36, maxSpeed: 36 },
    // 3600 s · 10 m/s and 3600 s · 250 W
    ...{ totalDistance: 36_000, elevationGain: 0, totalEnergy: 900 },
  });
  expect(powerCurve).toMatchObject({ 1: 250, 3600: 250 });
});

test("means weigh by covered time: zeros of power in, zeros of cadence out, missing values out", async () => {
  const samples: Sample[] = [
    { timestamp: 0, power: 300, cadence: 80, heartrate: 100 },
    { timestamp: 2000, power: 0, cadence: 0, heartrate: null },
    { timestamp: 3000, power: null, cadence: 95, heartrate: 160 },
  ];
  // The gaps of 2 s and 1 s make an interval of 1.5 s, which the last sample covers.
  expect(await summaryOf(samples)).toMatchObject({
    recordedTime: 5, // 4.5 s
    movingTime: 3, // seconds 0, 1 and 3; the last half is no whole one
    poweredTime: 3,
    avgPower: 200, // 2 s · 300 W over 3 s
    avgCadence: 86, // (2 · 80 + 1.5 · 95) / 3.5 = 86.4
    avgHeartrate: 126, // (2 · 100 + 1.5 · 160) / 3.5 = 125.7
    totalEnergy: 1, // 600 J
  });
});

test("who only coasts has no mean cadence and does not move", async () => {
  const summary = await summaryOf(ride(times(10, { cadence: 0, speed: 0, power: 0 })));
  expect(summary).toMatchObject({ avgCadence: null, maxCadence: 0, movingTime: 0, avgSpeed: 0, avgPower: 0 });
});

test("a pause by gap is elapsed, not recorded", async () => {
  const samples = samplesAt([0, 1000, 2000, 62_000, 63_000], { power: 200 });
  const summary = await summaryOf(samples);
  expect(summary).toMatchObject({ elapsedTime: 64, recordedTime: 5, movingTime: 5, avgPower: 200 });
});

test("an explicit pause is not recorded though samples come in; maxima are of samples all the same", async () => {
  const samples = ride([{ power: 100 }, { power: 900 }, { power: 900 }, { power: 200 }], 1000, 0);
  const context = { pauses: [{ from: 1000, to: 3000 }], ftp: null, skippedMessages: 0 };
  const summary = await summarize(samples, context);
  expect(summary).toMatchObject({ elapsedTime: 4, recordedTime: 2, avgPower: 150, maxPower: 900 });
  expect(summary.powerCurve).toEqual({ 1: 200, 2: 100, 3: 66.7 });
  const allPaused = await summarize(samples, { ...context, pauses: [{ from: 0, to: 4000 }] });
  expect(allPaused).toMatchObject({ recordedTime: 0, avgPower: null, totalEnergy: null, maxPower: 900 });
});

test("with power alone nothing else is known", async () => {
  const { powerCurve, ...summary } = await summaryOf(ride(times(60, { power: 200 })));
  const { powerCurve: _, ...unknown } = nothing;
  expect(summary).toEqual({
    ...unknown,
    ...{ sampleCount: 60, elapsedTime: 60, recordedTime: 60, movingTime: 60, poweredTime: 60 },
    totalEnergy: 12,
    ...{ avgPower: 200, maxPower: 200, normalizedPower: 200, variabilityIndex: 1 },
  });
  expect(powerCurve).toMatchObject({ 60: 200 });
});

test("without power nothing of power is known, FTP or not", async () => {
  const samples = ride(times(60, { heartrate: 120 }));
  expect(await summarize(samples, { pauses: [], ftp: 250, skippedMessages: 0 })).toEqual({
    ...nothing,
    ...{ sampleCount: 60, elapsedTime: 60, recordedTime: 60, avgHeartrate: 120, maxHeartrate: 120, ftp: 250 },
  });
});

test("a spike of 21,733 W is a dropout", async () => {
  const samples = ride([...times(30, { power: 200 }), { power: 21_733 }, ...times(30, { power: 200 })]);
  expect(await summaryOf(samples)).toMatchObject({
    ...{ avgPower: 200, maxPower: 200, normalizedPower: 200, totalEnergy: 12, recordedTime: 61 },
  });
});

test("seconds without power are left out of Normalized Power, not taken for zero", async () => {
  const samples = ride([
    ...times(20, { power: 300 }),
    ...times(15, { power: null }),
    ...times(10, { power: 300 }),
  ]);
  expect(await summaryOf(samples)).toMatchObject({ normalizedPower: 300, avgPower: 300, poweredTime: 30 });
});

test("resent samples count once, and a clock that jumps back is put in order", async () => {
  const sent = ride(times(10, { power: 200, heartrate: 120 }), 1000, 5000);
  const jumped = ride(times(5, { power: 100 }), 1000, 0);
  const summary = await summaryOf(mergeSamples([...sent, ...sent, ...jumped]));
  // 5 s of 100 W, then 10 s of 200 W
  expect(summary).toMatchObject({ sampleCount: 15, elapsedTime: 15, recordedTime: 15, avgPower: 167 });
});

test("a ride in 1970 and 2026 is two rides with a long pause", async () => {
  const in1970 = ride(times(60, { power: 100 }), 1000, 0);
  const in2026 = ride(times(60, { power: 200 }), 1000, 1_780_000_000_000);
  const summary = await summaryOf(mergeSamples([...in2026, ...in1970]));
  expect(summary).toMatchObject({
    elapsedTime: 1_780_000_060,
    recordedTime: 120,
    avgPower: 150,
    totalEnergy: 18,
  });
});

test("the ends of what a clock can say do no harm", async () => {
  const samples = samplesAt([-8.64e15, 0, 8.64e15], { power: 200, heartrate: 100 });
  expect(await summaryOf(samples)).toMatchObject({
    elapsedTime: 17_280_000_000_001,
    recordedTime: 3,
    avgPower: 200,
  });
});

test("another FTP: a stored summary has what it makes of its Normalized Power and the time of power", async () => {
  const summary = await summarize(ride([...times(1800, { power: 200 }), ...times(900, { power: null })]), {
    ...{ pauses: [], ftp: 250, skippedMessages: 0 },
  });
  expect(withFtp(summary, 250)).toEqual(summary);
  // 1800/3600 · (200/400)² · 100 = 12.5
  expect(withFtp(summary, 400)).toEqual({
    ...summary,
    ...{ ftp: 400, intensityFactor: 0.5, trainingStress: 12.5, stressSource: "power", powerZones: null },
  });
  expect(withFtp(summary, null)).toEqual({
    ...summary,
    ...{ ftp: null, intensityFactor: null, trainingStress: null, stressSource: null, powerZones: null },
  });
  const byHeartrate: Summary = { ...EMPTY_SUMMARY, trainingStress: 50, stressSource: "heartrate" };
  expect(withFtp(byHeartrate, 300)).toEqual({ ...byHeartrate, ftp: 300 });
});
