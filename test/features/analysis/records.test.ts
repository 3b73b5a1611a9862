import { describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { bestEfforts, workouts } from "../../../src/db/schema.ts";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import { sendBatch } from "../streams/streams.ts";
import { change, complete, eachSecond, finishedRide, startRide, trash } from "../workouts/rides.ts";
import { bestCurve, recordsOf, rideAt, valuesOf } from "./analysis.ts";

const service = useService();

/** Who holds each record of power: from duration to workout. */
async function holders(query = ""): Promise<Record<number, string>> {
  const records = await recordsOf(service.rider, query);
  return Object.fromEntries(
    records
      .filter(({ metric }) => metric === "power")
      .map(({ duration, workoutId }) => [duration, workoutId]),
  );
}

test("who has never finished a ride has none", async () => {
  const { rider } = service;
  expect(await recordsOf(rider)).toEqual([]);
  const { streamName } = await startRide(rider);
  await sendBatch(rider, streamName, eachSecond(60, { power: 300 }));
  const paused = await startRide(rider);
  await sendBatch(rider, paused.streamName, eachSecond(60, { power: 400 }));
  await change(rider, paused.id, "pause");
  expect(await recordsOf(rider)).toEqual([]);
});

test("there is one for each metric and duration, with its ride and when that began", async () => {
  const { rider } = service;
  // Ten seconds at 400 W, 160 bpm, within half a minute of 100 W, 120 bpm, and no speed but in the first six
  // seconds, the last of which is carried on up to second 15.
  const samples = eachSecond(30, {}, Date.UTC(2026, 0, 5, 9)).map((sample, second) => ({
    ...sample,
    ...(second >= 10 && second < 20 ? { power: 400, heartrate: 160 } : { power: 100, heartrate: 120 }),
    ...(second < 6 && { speed: 36 }),
  }));
  const { id } = await finishedRide(rider, samples);
  const achieved = { workoutId: id, achievedAt: "2026-01-05T09:00:00.000Z" };
  expect(await recordsOf(rider)).toEqual([
    { metric: "power", duration: 5, value: 400, ...achieved },
    // (10 · 400 + 5 · 100) / 15; (10 · 400 + 20 · 100) / 30.
    { metric: "power", duration: 15, value: 300, ...achieved },
    { metric: "power", duration: 30, value: 200, ...achieved },
    { metric: "heartrate", duration: 5, value: 160, ...achieved },
    // (10 · 160 + 5 · 120) / 15 = 146.67; (10 · 160 + 20 · 120) / 30 = 133.33.
    { metric: "heartrate", duration: 15, value: 146.7, ...achieved },
    { metric: "heartrate", duration: 30, value: 133.3, ...achieved },
    { metric: "speed", duration: 5, value: 36, ...achieved },
    // 15 · 36 = 540, of 15 s and of 30 s.
    { metric: "speed", duration: 15, value: 36, ...achieved },
    { metric: "speed", duration: 30, value: 18, ...achieved },
  ]);
});

test("they are kept at ten durations, up to an hour", async () => {
  const { rider } = service;
  // One sample every 5 s: 1,500 of them are 7,500 s, more than two hours.
  const samples = eachSecond(1500).map(({ timestamp }, index) => ({
    timestamp: timestamp + index * 4000,
    power: 150,
  }));
  await finishedRide(rider, samples);
  const durations = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
  expect(valuesOf(await recordsOf(rider))).toEqual(
    Object.fromEntries(durations.map((duration) => [duration, 150])),
  );
});

describe("a tie", () => {
  test("goes to the earlier ride, also when that is sent later", async () => {
    const { rider } = service;
    const later = await rideAt(rider, "2026-02-02T10:00:00Z");
    expect(await holders()).toEqual({ 5: later.id });
    const earlier = await rideAt(rider, "2026-02-01T10:00:00Z");
    expect(await holders()).toEqual({ 5: earlier.id });
    await rideAt(rider, "2026-02-03T10:00:00Z");
    expect(await holders()).toEqual({ 5: earlier.id });
    await trash(rider, earlier.id);
    expect(await holders()).toEqual({ 5: later.id });
    await change(rider, earlier.id, "restore");
    expect(await holders()).toEqual({ 5: earlier.id });
  });

  test("of two that began together goes to the one that was started first", async () => {
    const { rider } = service;
    const [first, second] = [await startRide(rider), await startRide(rider)];
    for (const { id, streamName } of [second, first]) {
      await sendBatch(rider, streamName, eachSecond(5));
      await complete(rider, id);
    }
    expect(await holders()).toEqual({ 5: first.id });
  });
});

describe("they are corrected when", () => {
  test("a ride goes into the trash, is restored, and is deleted for good", async () => {
    const { rider } = service;
    const best = await rideAt(rider, "2026-02-01T10:00:00Z", { power: 300 });
    const second = await rideAt(rider, "2026-01-01T10:00:00Z", { power: 200, heartrate: 140 }, 20);
    const both = await recordsOf(rider);
    expect(await holders()).toEqual({ 5: best.id, 15: second.id });
    await trash(rider, best.id);
    expect(await holders()).toEqual({ 5: second.id, 15: second.id });
    await change(rider, best.id, "restore");
    expect(await recordsOf(rider)).toEqual(both);
    await trash(rider, second.id, "?permanent=true");
    expect(await holders()).toEqual({ 5: best.id });
    await trash(rider, best.id);
    await trash(rider, best.id, "?permanent=true");
    expect(await recordsOf(rider)).toEqual([]);
  });

  test("an unfinished ride is deleted and restored: then it counts", async () => {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    await sendBatch(rider, streamName, eachSecond(5));
    await trash(rider, id);
    expect(await recordsOf(rider)).toEqual([]);
    await change(rider, id, "restore");
    expect(await holders()).toEqual({ 5: id });
  });
});

test("an archived ride counts, and one without telemetry", async () => {
  const { rider } = service;
  const archived = await rideAt(rider, "2026-02-01T10:00:00Z", { power: 300 }, 10);
  await change(rider, archived.id, "archive");
  const { id, streamName } = await startRide(rider);
  await sendBatch(rider, streamName, eachSecond(15, { power: 200 }));
  await complete(rider, id, { archiveTelemetry: false });
  expect(await holders()).toEqual({ 5: archived.id, 15: id });
});

describe("each sport", () => {
  test("has its own, all kinds of cycling together", async () => {
    const { rider } = service;
    const [ride, gravel, run] = [
      await rideAt(rider, "2026-02-01T10:00:00Z", { power: 200 }, 15),
      await rideAt(rider, "2026-02-02T10:00:00Z", { power: 250 }, 5, { sport: "Gravel Bike" }),
      await rideAt(rider, "2026-02-03T10:00:00Z", { power: 400 }, 15, { sport: "Läufe" }),
    ];
    const cycling = { 5: gravel.id, 15: ride.id };
    expect(await holders()).toEqual(cycling);
    expect(await holders("?sport=cycling")).toEqual(cycling);
    expect(await holders("?sport=MTB%20biking")).toEqual(cycling);
    expect(await holders(`?sport=${encodeURIComponent(" LÄUFE")}`)).toEqual({ 5: run.id, 15: run.id });
    expect(await holders("?sport=swimming")).toEqual({});
    const curve = async (query: string) => valuesOf(await bestCurve(rider, query));
    expect(await curve("")).toEqual({ 1: 250, 2: 250, 3: 250, 5: 250, 8: 200, 10: 200, 15: 200 });
    expect((await curve("?sport=l%C3%A4ufe"))[15]).toBe(400);
    expect(await curve("?sport=swimming")).toEqual({});
  });

  test("sets its own when it is completed", async () => {
    const { rider } = service;
    await rideAt(rider, "2026-02-01T10:00:00Z", { power: 400 });
    const { id, streamName } = await startRide(rider, { sport: "running" });
    await sendBatch(rider, streamName, eachSecond(5, { power: 300 }));
    expect((await complete(rider, id)).newRecords).toMatchObject([{ duration: 5, value: 300 }]);
  });

  test.each(["", "x".repeat(51)])("%#: one that cannot be is refused", async (sport) => {
    for (const path of ["records", "power-curve", "stats", "training-load", "workouts"]) {
      const refusal = await service.rider.refused("GET", `/api/${path}?sport=${sport}`);
      expect([refusal.status, ...fieldsOf(refusal)]).toEqual([400, "sport"]);
    }
  });
});

describe("a best of zero", () => {
  test("is none, neither among records and in curves over rides nor as a new record", async () => {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    await sendBatch(rider, streamName, eachSecond(20, { power: 0, heartrate: 120 }));
    const { newRecords } = await complete(rider, id);
    expect(new Set(newRecords.map(({ metric }) => metric))).toEqual(new Set(["heartrate"]));
    expect(new Set((await recordsOf(rider)).map(({ metric }) => metric))).toEqual(new Set(["heartrate"]));
    expect(await bestCurve(rider)).toEqual([]);
  });

  test("of which an earlier version made a record, is one no more", async () => {
    const { rider, app } = service;
    const { id } = await rideAt(rider, "2026-02-01T10:00:00Z", { heartrate: 120 }, 5);
    const zero = { metric: "power" as const, duration: 5, value: 0 };
    const { database } = app.deps;
    await database
      .update(workouts)
      .set({ newRecords: [zero] })
      .where(eq(workouts.id, id));
    const effort = {
      ...zero,
      workoutId: id,
      userId: rider.userId,
      achievedAt: new Date("2026-02-01T10:00:00Z"),
    };
    await database.insert(bestEfforts).values(effort);
    expect(await holders()).toEqual({});
    expect((await complete(rider, id)).newRecords).toEqual([]);
  });
});

describe("newRecords", () => {
  /** Rides so many seconds at a power, and gives the durations of the records that this set. */
  async function ride(day: string, power: number, seconds: number): Promise<number[]> {
    const { id, streamName } = await startRide(service.rider);
    await sendBatch(
      service.rider,
      streamName,
      eachSecond(seconds, { power }, Date.parse(`${day}T10:00:00Z`)),
    );
    return (await complete(service.rider, id)).newRecords.map(({ duration }) => duration);
  }

  test("are those that the ride has set, by its own date", async () => {
    expect(await ride("2026-02-10", 200, 60)).toEqual([5, 15, 30, 60]);
    expect(await ride("2026-02-11", 300, 20)).toEqual([5, 15]);
    expect(await ride("2026-02-12", 199, 60)).toEqual([]);
    // A tie is none, unless the ride was earlier.
    expect(await ride("2026-02-13", 200, 60)).toEqual([]);
    expect(await ride("2026-02-01", 200, 60)).toEqual([30, 60]);
  });

  test("take no account of what is in the trash or of other riders", async () => {
    const { rider, app } = service;
    await rideAt(await registerRider(app), "2026-02-01T10:00:00Z", { power: 900 });
    const trashed = await rideAt(rider, "2026-02-01T10:00:00Z", { power: 900 });
    await trash(rider, trashed.id);
    expect(await ride("2026-02-02", 100, 5)).toEqual([5]);
  });

  test("stay as they were when a later ride has beaten them", async () => {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    await sendBatch(rider, streamName, eachSecond(5));
    const first = await complete(rider, id);
    await rideAt(rider, "2026-07-01T10:00:00Z", { power: 900 });
    expect(await complete(rider, id)).toEqual(first);
  });
});
