import { expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { workouts } from "../../../src/db/schema.ts";
import type { Summary } from "../../../src/domain/summary.ts";
import { rederive } from "../../../src/features/workouts/rederive.ts";
import { useService } from "../../support/accounts.ts";
import { append, sendBatch } from "../streams/streams.ts";
import {
  change,
  complete,
  eachSecond,
  getWorkout,
  history,
  RIDE_START,
  startRide,
  summaryOf,
} from "./rides.ts";

const service = useService();

test("of a workout without samples it is all zeros and nulls", async () => {
  const { id } = await startRide(service.rider);
  const summary = await summaryOf(service.rider, id);
  expect(summary).toEqual({
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
  });
  expect((await complete(service.rider, id)).workout.summary).toEqual(summary);
});

test("it grows with the ride, while the workout itself has none", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  const samples = eachSecond(60, { power: 100 });
  await sendBatch(rider, "ride", samples.slice(0, 20));
  expect(await summaryOf(rider, id)).toMatchObject({ sampleCount: 20, recordedTime: 20, totalEnergy: 2 });
  await sendBatch(rider, "ride", samples.slice(20));
  expect(await summaryOf(rider, id)).toMatchObject({ sampleCount: 60, recordedTime: 60, totalEnergy: 6 });
  expect(await getWorkout(rider, id)).toMatchObject({ status: "ACTIVE", summary: null, duration: null });
});

test.each(["ACTIVE", "PAUSED"])("of one that is %s it is what completing gives", async (status) => {
  const { rider, app } = service;
  const start = app.clock.time;
  await rider.send("PUT", "/api/users/me/ftp", {
    ftp: 250,
    effectiveFrom: new Date(start - 86_400_000).toISOString(),
  });
  const { id } = await startRide(rider, { streamName: "ride" });
  service.wait(100_000);
  await change(rider, id, "pause");
  service.wait(20_000);
  await change(rider, id, "resume");
  const samples = eachSecond(1500, {}, start).map((sample, second) => ({
    ...sample,
    power: 150 + (second % 100),
    heartrate: 130 + (second % 20),
    speed: 30,
    altitude: second % 50,
  }));
  service.wait(1_000_000);
  if (status === "PAUSED") await change(rider, id, "pause");
  service.wait(379_000);
  // The last one as it is recorded, so that the clocks agree.
  await sendBatch(rider, "ride", [...samples.slice(700), ...samples.slice(0, 800), "no sample"]);
  service.wait(21_000);

  const before = await summaryOf(rider, id);
  expect(before).toMatchObject({ sampleCount: 1500, skippedMessages: 1, elapsedTime: 1500, ftp: 250 });
  // Paused from second 100 to 120, and where it is paused at the end, from second 1120 on.
  expect(before?.recordedTime).toBe(status === "PAUSED" ? 1100 : 1480);
  const { workout } = await complete(rider, id);
  expect(workout.summary).toEqual(before);
  expect(await summaryOf(rider, id)).toEqual(before);
});

test("what arrives after completion does not change it", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(30));
  const { workout } = await complete(rider, id);
  await append(rider, "ride", { timestamp: RIDE_START, power: 1000 });
  expect(await summaryOf(rider, id)).toEqual(workout.summary);
});

test("one that an earlier version has stored is answered with every field there is today", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(30));
  const { workout } = await complete(rider, id);
  if (!workout.summary) throw new Error("a completed workout has a summary");
  const { skippedSamples: _, poweredTime: __, stressSource: ___, ...earlier } = workout.summary;
  await app.deps.database
    .update(workouts)
    .set({ summary: earlier as Summary })
    .where(eq(workouts.id, id));
  const completed = { ...earlier, skippedSamples: 0, poweredTime: 0, stressSource: null };
  expect(await summaryOf(rider, id)).toEqual(completed);
  expect((await getWorkout(rider, id)).summary).toEqual(completed);
  expect((await history(rider))[0]?.summary).toEqual(completed);
  // Derived again it has them all.
  await rederive(app.deps, id, { anew: true });
  expect(await summaryOf(rider, id)).toEqual(workout.summary);
});
