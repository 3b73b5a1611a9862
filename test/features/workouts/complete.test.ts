import { describe, expect, test } from "bun:test";
import { registerRider, useService } from "../../support/accounts.ts";
import { createTestApp } from "../../support/app.ts";
import { append, listStreams, NDJSON, sendBatch, streamNames, textsIn } from "../streams/streams.ts";
import {
  type Completed,
  change,
  complete,
  eachSecond,
  finishedRide,
  getWorkout,
  history,
  RIDE_START,
  type Sample,
  startRide,
  summaryOf,
  telemetryOf,
} from "./rides.ts";

const service = useService();

test("completing answers with the workout, its summary and how much was archived", async () => {
  const { rider, app } = service;
  const started = await startRide(rider, { streamName: "ride", title: "Evening" });
  await sendBatch(rider, "ride", eachSecond(120, { power: 200, cadence: 90, heartrate: 150, speed: 36 }));
  service.wait(1000);
  const answer = await complete(rider, started.id);
  const { summary } = answer.workout;
  const achieved = { workoutId: started.id, achievedAt: new Date(RIDE_START).toISOString() };
  const recordsOf = (metric: "power" | "heartrate" | "speed", value: number) =>
    [5, 15, 30, 60, 120].map((duration) => ({ metric, duration, value, ...achieved }));
  expect(answer).toEqual({
    success: true,
    archivedMessages: 120,
    workout: {
      ...started,
      startTime: new Date(RIDE_START).toISOString(),
      endTime: new Date(RIDE_START + 119_000).toISOString(),
      duration: answer.workout.duration,
      status: "COMPLETED",
      summary,
      updatedAt: new Date(app.clock.time).toISOString(),
    },
    // A first ride sets them all, up to its length.
    newRecords: [...recordsOf("power", 200), ...recordsOf("heartrate", 150), ...recordsOf("speed", 36)],
  });
  // 120 s at 200 W are 24 kJ; 120 s at 36 km/h are 1,200 m.
  expect(summary).toMatchObject({
    sampleCount: 120,
    skippedMessages: 0,
    elapsedTime: 120,
    recordedTime: 120,
    movingTime: 120,
    avgPower: 200,
    maxPower: 200,
    normalizedPower: 200,
    intensityFactor: null,
    trainingStress: null,
    variabilityIndex: 1,
    avgCadence: 90,
    avgHeartrate: 150,
    avgSpeed: 36,
    totalDistance: 1200,
    totalEnergy: 24,
    ftp: null,
    powerZones: null,
  });
  expect(summary?.powerCurve).toMatchObject({ "1": 200, "60": 200, "120": 200 });
  // From 0 to 119 s, or with the second that the last sample covers.
  expect([119, 120]).toContain(answer.workout.duration ?? 0);
  expect(await getWorkout(rider, started.id)).toEqual(answer.workout);
  expect(await summaryOf(rider, started.id)).toEqual(summary);
  expect(await streamNames(rider)).toEqual([]);
});

test("a paused workout is completed, and the open pause ends there", async () => {
  const { rider, app } = service;
  const start = app.clock.time;
  const { id } = await startRide(rider, { streamName: "ride" });
  service.wait(40_000);
  await change(rider, id, "pause");
  service.wait(19_000);
  await sendBatch(rider, "ride", eachSecond(60, { power: 200 }, start));
  service.wait(41_000);
  const { workout } = await complete(rider, id);
  expect(workout).toMatchObject({ status: "COMPLETED", summary: { elapsedTime: 60, recordedTime: 40 } });
});

test("an explicit pause is a pause", async () => {
  const { rider, app } = service;
  const start = app.clock.time;
  const { id } = await startRide(rider, { streamName: "ride" });
  service.wait(20_000);
  await change(rider, id, "pause");
  service.wait(10_000);
  await change(rider, id, "resume");
  await sendBatch(rider, "ride", eachSecond(60, { power: 200 }, start));
  const { workout } = await complete(rider, id);
  // The samples of the seconds 20 to 29 cover nothing: 50 s at 200 W are 10 kJ.
  expect(workout.summary).toMatchObject({
    sampleCount: 60,
    elapsedTime: 60,
    recordedTime: 50,
    totalEnergy: 10,
  });
});

describe("twice", () => {
  test("gives the same answer, later and after a restart too", async () => {
    const { rider, app } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(40));
    const first = await complete(rider, id);
    service.wait(60_000);
    expect(await complete(rider, id)).toEqual(first);
    await app.reopen();
    expect(await complete(rider, id, { archiveTelemetry: false })).toEqual(first);
    expect(await telemetryOf(rider, id)).toEqual(eachSecond(40));
  });

  test("at once gives both the same answer", async () => {
    const { rider } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(40));
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => complete(rider, id)));
    expect(first).toMatchObject({ archivedMessages: 40, workout: { summary: { sampleCount: 40 } } });
    for (const other of others) expect(other).toEqual(first as Completed);
    expect(await telemetryOf(rider, id)).toEqual(eachSecond(40));
    expect(await streamNames(rider)).toEqual([]);
  });

  test("does not touch the ride that has begun on the same stream", async () => {
    const { rider } = service;
    const first = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(5));
    const answer = await complete(rider, first.id);
    const second = await startRide(rider, { streamName: "ride" });
    await append(rider, "ride", { timestamp: RIDE_START, power: 300 });
    expect(await complete(rider, first.id)).toEqual(answer);
    expect(await telemetryOf(rider, second.id)).toEqual([{ timestamp: RIDE_START, power: 300 }]);
    expect(await getWorkout(rider, second.id)).toEqual(second);
  });
});

describe("without samples", () => {
  test("the wall clock says how long it was", async () => {
    const { rider, app } = service;
    const started = await startRide(rider, { streamName: "ride" });
    service.wait(90_000);
    const { workout, archivedMessages } = await complete(rider, started.id);
    expect(archivedMessages).toBe(0);
    expect(workout).toMatchObject({
      status: "COMPLETED",
      startTime: started.startTime,
      endTime: new Date(app.clock.time).toISOString(),
      duration: 90,
    });
    expect(workout.summary).toMatchObject({
      sampleCount: 0,
      skippedMessages: 0,
      recordedTime: 0,
      avgPower: null,
    });
    expect(workout.summary?.powerCurve).toBeNull();
    expect(await telemetryOf(rider, workout.id)).toEqual([]);
    expect(await streamNames(rider)).toEqual([]);
  });

  test("messages that are no samples are counted", async () => {
    const { rider } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", ["hello", "[1]", "5", "null", '"text"', "{"]);
    const { workout, archivedMessages } = await complete(rider, id);
    expect(archivedMessages).toBe(0);
    expect(workout.summary).toMatchObject({ sampleCount: 0, skippedMessages: 6 });
  });

  test("a clock that has gone back since the start makes no negative ride", async () => {
    const app = await createTestApp();
    try {
      const rider = await registerRider(app);
      const { id } = await startRide(rider);
      app.clock.time -= 60_000;
      const { workout } = await complete(rider, id);
      expect(workout.duration).toBe(0);
      expect(Date.parse(workout.endTime ?? "")).toBeGreaterThanOrEqual(Date.parse(workout.startTime));
    } finally {
      await app.close();
    }
  });

  test("a stream that is gone is an empty ride", async () => {
    const { rider, app } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    await app.deps.buffer.delete({ owner: rider.userId, name: "ride" });
    const { workout, archivedMessages } = await complete(rider, id);
    expect(workout).toMatchObject({ status: "COMPLETED", summary: { sampleCount: 0 } });
    expect(archivedMessages).toBe(0);
  });
});

describe("the body", () => {
  const JSON_BODY = { "Content-Type": "application/json" };

  test.each([
    ["missing", {}],
    ["missing, though said to be JSON", { headers: JSON_BODY }],
    ["empty", { body: new Uint8Array() }],
    ["empty, said to be JSON", { body: "", headers: JSON_BODY }],
    [
      "empty, as a browser's fetch() sends it: text/plain",
      { body: "", headers: { "Content-Type": "text/plain;charset=UTF-8" } },
    ],
    [
      "empty, as curl -d '' sends it: a form",
      { body: "", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
    ],
    ["{}", { body: "{}", headers: JSON_BODY }],
    ["{} without a content type", { body: new TextEncoder().encode("{}") }],
    ["{} with a charset", { body: "{}", headers: { "Content-Type": "application/json; charset=utf-8" } }],
  ])("may be %s", async (_name, init) => {
    const { rider } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(3));
    const answer = await rider.ok<Completed>(`/api/workouts/${id}/complete`, { method: "POST", ...init });
    expect(answer).toMatchObject({ archivedMessages: 3, workout: { status: "COMPLETED" } });
    expect(await telemetryOf(rider, id)).toHaveLength(3);
  });

  test.each([
    '{"archiveTelemetry":"no"}',
    '{"archiveTelemetry":null}',
    '{"archiveTelemetry":0}',
    "[]",
    "null",
    "{",
  ])("may not be %s: then nothing is completed", async (body) => {
    const { rider } = service;
    const started = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(3));
    const init = { body, headers: JSON_BODY };
    expect(await rider.refused("POST", `/api/workouts/${started.id}/complete`, init)).toMatchObject({
      status: 400,
    });
    expect(await getWorkout(rider, started.id)).toEqual(started);
    expect(await listStreams(rider)).toMatchObject([{ name: "ride", length: 3 }]);
  });

  test("archiveTelemetry: false keeps the summary only", async () => {
    const { rider } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(60));
    const { workout, archivedMessages } = await complete(rider, id, { archiveTelemetry: false });
    expect(archivedMessages).toBe(0);
    expect(workout.summary).toMatchObject({ sampleCount: 60, avgPower: 200, totalEnergy: 12 });
    expect(workout.startTime).toBe(new Date(RIDE_START).toISOString());
    expect(await telemetryOf(rider, id)).toEqual([]);
    expect(await streamNames(rider)).toEqual([]);
  });
});

describe("the samples", () => {
  async function archived(messages: readonly unknown[]): Promise<Completed & { telemetry: Sample[] }> {
    const { id, streamName } = await startRide(service.rider);
    await sendBatch(service.rider, streamName, messages);
    const answer = await complete(service.rider, id);
    return { ...answer, telemetry: await telemetryOf(service.rider, id) };
  }

  test("resent ones count once", async () => {
    const samples = eachSecond(30);
    const { workout, telemetry } = await archived([...samples, ...samples.slice(10), ...samples]);
    expect(telemetry).toEqual(samples);
    expect(workout.summary).toMatchObject({ sampleCount: 30, elapsedTime: 30, totalEnergy: 6 });
  });

  test("of one instant they are merged, the later-arrived field winning, and null erasing nothing", async () => {
    const { workout, telemetry } = await archived([
      { timestamp: RIDE_START, power: 100, cadence: 80 },
      { timestamp: RIDE_START, heartrate: 140 },
      { timestamp: RIDE_START, power: 200, cadence: null },
    ]);
    expect(telemetry).toEqual([{ timestamp: RIDE_START, power: 200, cadence: 80, heartrate: 140 }]);
    expect(workout.summary).toMatchObject({
      sampleCount: 1,
      avgPower: 200,
      avgCadence: 80,
      avgHeartrate: 140,
    });
  });

  test("out of order they are put in order", async () => {
    const samples = eachSecond(60).map((sample, index) => ({ ...sample, power: index }));
    const { workout, telemetry } = await archived(samples.toReversed());
    expect(telemetry).toEqual(samples);
    // The mean of 0 … 59 is 29.5, and halves round up.
    expect(workout.summary).toMatchObject({ sampleCount: 60, elapsedTime: 60, avgPower: 30, maxPower: 59 });
  });

  test.each([[{}], [{ timestamp: null }], [{ timestamp: "2026-06-01" }], [{ timestamp: true }]])(
    "with %j for a timestamp take the time of their arrival",
    async (odd) => {
      const { rider, app } = service;
      const { id } = await startRide(rider, { streamName: "ride" });
      const arrival = app.clock.time;
      await append(rider, "ride", { power: 100, ...odd });
      service.wait(2000);
      await append(rider, "ride", { power: 200, ...odd });
      const { workout } = await complete(rider, id);
      expect(await telemetryOf(rider, id)).toEqual([
        { timestamp: arrival, power: 100 },
        { timestamp: arrival + 2000, power: 200 },
      ]);
      expect(workout.startTime).toBe(new Date(arrival).toISOString());
      expect(workout.endTime).toBe(new Date(arrival + 2000).toISOString());
    },
  );

  test("a timestamp may be a fraction, zero, long before 1970 or far ahead", async () => {
    const timestamps = [-200_000_000_000, 0, 1_700_000_000_000.25, 4_102_444_800_000];
    const { workout, telemetry } = await archived(timestamps.map((timestamp) => ({ timestamp, power: 100 })));
    expect(telemetry.map(({ timestamp }) => timestamp)).toEqual(timestamps);
    expect(workout).toMatchObject({
      startTime: "1963-08-31T04:26:40.000Z",
      endTime: "2100-01-01T00:00:00.000Z",
    });
  });

  test("a timestamp may be seconds, microseconds or text, and is kept in milliseconds", async () => {
    const sent = [1_767_225_600, 1_767_225_601_000_250, "1767225602000", "2026-01-01T00:00:03Z"];
    const { workout, telemetry } = await archived(sent.map((timestamp) => ({ timestamp, power: 100 })));
    const start = Date.UTC(2026, 0, 1);
    expect(telemetry.map(({ timestamp }) => timestamp - start)).toEqual([0, 1000.25, 2000, 3000]);
    expect(workout).toMatchObject({ startTime: "2026-01-01T00:00:00.000Z", summary: { elapsedTime: 4 } });
  });

  test("of a clock that was wrong are kept, and are in no metric and none of the workout's times", async () => {
    const ridden = eachSecond(300);
    const wrong = { timestamp: Date.UTC(2000, 0, 1), power: 2500 };
    const { workout, telemetry } = await archived([wrong, ...ridden]);
    expect(telemetry).toEqual([wrong, ...ridden]);
    expect(workout).toMatchObject({
      startTime: new Date(RIDE_START).toISOString(),
      endTime: new Date(RIDE_START + 299_000).toISOString(),
      summary: { sampleCount: 300, skippedSamples: 1, elapsedTime: 300, maxPower: 200 },
    });
  });

  test("without a timestamp are each a sample, though they arrive at once", async () => {
    const { rider, app } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    const arrival = app.clock.time;
    for (const power of [100, 200, 300]) await append(rider, "ride", { power });
    const { workout } = await complete(rider, id);
    expect(await telemetryOf(rider, id)).toEqual(
      [100, 200, 300].map((power) => ({ timestamp: arrival, power })),
    );
    expect(workout.summary).toMatchObject({ sampleCount: 3, maxPower: 300 });
  });

  test("text among them is skipped and counted", async () => {
    const samples = eachSecond(5);
    const { workout, archivedMessages, telemetry } = await archived(["hello", ...samples, "[1]", "{bad"]);
    expect(telemetry).toEqual(samples);
    expect(archivedMessages).toBe(5);
    expect(workout.summary).toMatchObject({ sampleCount: 5, skippedMessages: 3 });
  });

  test("more than a page of them are all there", async () => {
    const samples = eachSecond(4321).map((sample, index) => ({ ...sample, power: index % 400 }));
    const { archivedMessages, telemetry } = await archived(samples);
    expect(archivedMessages).toBe(4321);
    expect(telemetry).toEqual(samples);
  });

  test("sent one by one, as a batch or as lines they make the same ride", async () => {
    const { rider } = service;
    const samples = eachSecond(40, { power: 215.5, cadence: 91 });
    const ways = {
      single: async () => {
        for (const sample of samples) await append(rider, "single", JSON.stringify(sample));
      },
      batch: async () => {
        await sendBatch(
          rider,
          "batch",
          samples.map((sample) => ({ message: sample, author: "Eddy" })),
        );
      },
      lines: async () => {
        const body = samples.map((sample) => JSON.stringify(sample)).join("\n");
        await rider.ok("/api/streams/lines/messages/batch", { method: "POST", body, headers: NDJSON });
      },
    };
    const rides: unknown[] = [];
    for (const [streamName, send] of Object.entries(ways)) {
      const { id } = await startRide(rider, { streamName });
      await send();
      const { workout, archivedMessages } = await complete(rider, id);
      rides.push([workout.summary, archivedMessages, workout.duration, await telemetryOf(rider, id)]);
    }
    expect(rides[1]).toEqual(rides[0]);
    expect(rides[2]).toEqual(rides[0]);
  });
});

describe("with an FTP", () => {
  async function setFtp(ftp: number, effectiveFrom: number): Promise<void> {
    await service.rider.send("PUT", "/api/users/me/ftp", {
      ftp,
      effectiveFrom: new Date(effectiveFrom).toISOString(),
    });
  }

  test("it is the one in force on the day of the ride", async () => {
    const day = 86_400_000;
    await setFtp(100, RIDE_START - 30 * day);
    await setFtp(200, RIDE_START - 10 * day);
    await setFtp(400, RIDE_START + 2 * day);
    const { summary } = await finishedRide(service.rider, eachSecond(360, { power: 200 }));
    // NP is 200 W, so IF is 1 and TSS is 360 / 3600 · 100; all of it in zone 4, 90 to 105 %.
    expect(summary).toMatchObject({ ftp: 200, intensityFactor: 1, trainingStress: 10 });
    expect(summary?.powerZones).toEqual([0, 0, 0, 360, 0, 0, 0]);
  });

  test("one that came later does not count", async () => {
    await setFtp(250, RIDE_START + 2 * 86_400_000);
    expect((await finishedRide(service.rider, eachSecond(60))).summary).toMatchObject({ ftp: null });
  });

  test("another rider's does not count", async () => {
    await setFtp(250, 0);
    const other = await registerRider(service.app);
    expect((await finishedRide(other, eachSecond(60))).summary).toMatchObject({ ftp: null });
    expect((await finishedRide(service.rider, eachSecond(60))).summary).toMatchObject({ ftp: 250 });
  });
});

describe("the stream", () => {
  test("its name can be used again, and the next ride has only its own samples", async () => {
    const { rider } = service;
    for (let ride = 1; ride <= 3; ride++) {
      const { id } = await startRide(rider, { streamName: "ride" });
      const samples = eachSecond(10 * ride, { power: 100 * ride });
      await sendBatch(rider, "ride", samples);
      const { workout, archivedMessages } = await complete(rider, id);
      expect(archivedMessages).toBe(10 * ride);
      expect(workout.summary).toMatchObject({ sampleCount: 10 * ride, avgPower: 100 * ride });
      expect(await telemetryOf(rider, id)).toEqual(samples);
      service.wait(1000);
    }
    expect(await history(rider)).toHaveLength(3);
  });

  test("other streams are left alone", async () => {
    const { rider } = service;
    await append(rider, "other", "kept");
    await finishedRide(rider, eachSecond(3), { streamName: "ride" });
    expect(await textsIn(rider, "other")).toEqual(["kept"]);
  });

  test("what arrives while the ride is being completed is in the ride or still in the stream", async () => {
    const { rider } = service;
    const { id } = await startRide(rider, { streamName: "ride" });
    const samples = eachSecond(1500).map((sample, index) => ({ ...sample, power: index }));
    await sendBatch(rider, "ride", samples.slice(0, 1300));
    const late = samples.slice(1300).map((sample) => append(rider, "ride", sample));
    await Promise.all([complete(rider, id), ...late, complete(rider, id)]);

    const inRide = await telemetryOf(rider, id);
    const streams = await streamNames(rider);
    const inStream =
      streams.length > 0 ? (await textsIn(rider, "ride")).map((text) => JSON.parse(text) as Sample) : [];
    const all = [...inRide, ...inStream].toSorted((a, b) => a.timestamp - b.timestamp);
    expect(all).toEqual(samples);
    expect(await getWorkout(rider, id)).toMatchObject({ summary: { sampleCount: inRide.length } });
  });
});

test("a long ride that is completed twice at once, and read meanwhile, gives the same answers", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "long" });
  const samples = eachSecond(60_000);
  for (let from = 0; from < samples.length; from += 5000) {
    await sendBatch(rider, "long", samples.slice(from, from + 5000));
  }
  const first = complete(rider, id);
  const others: Promise<unknown>[] = [];
  const summaries: Promise<unknown>[] = [];
  let isDone = false;
  first.finally(() => {
    isDone = true;
  });
  // At every moment of the first one.
  while (!isDone) {
    others.push(complete(rider, id));
    summaries.push(rider.ok(`/api/workouts/${id}/summary`));
    await Promise.race([first, Bun.sleep(400)]);
  }
  const { newRecords, ...answer } = await first;
  for (const other of await Promise.all(others)) expect(other).toMatchObject(answer);
  for (const summary of await Promise.all(summaries)) {
    expect(summary).toMatchObject({ summary: { sampleCount: samples.length } });
  }
}, 60_000);
