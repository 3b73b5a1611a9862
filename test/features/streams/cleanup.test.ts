import { expect, test } from "bun:test";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import { eachSecond, history, startRide, summaryOf, telemetryOf } from "../workouts/rides.ts";
import { deleted, listen, textsOf } from "./events.ts";
import { append, listStreams, sendBatch, streamNames, textsIn } from "./streams.ts";

const service = useService({ fresh: true });
const HOUR = 3_600_000;

type Counts = { success: true; deletedCount: number; archivedCount: number; message: string };

/** What has been quiet for an hour counts as idle. */
const cleanUp = (query = `?retention=${HOUR}`) =>
  service.rider.send<Counts>("DELETE", `/api/streams/cleanup${query}`);

test("with nothing there nothing is done", async () => {
  expect(await cleanUp()).toEqual({
    success: true,
    deletedCount: 0,
    archivedCount: 0,
    message: expect.any(String),
  });
});

test("an idle empty stream is deleted, over a restart too", async () => {
  const { rider, app } = service;
  await rider.send("POST", "/api/streams/create", { streamName: "empty" });
  service.wait(HOUR + 1);
  await app.reopen();
  await rider.send("POST", "/api/streams/create", { streamName: "new" });
  expect(await cleanUp()).toMatchObject({ deletedCount: 1, archivedCount: 0 });
  expect(await streamNames(rider)).toEqual(["new"]);
  expect(await history(rider)).toEqual([]);
});

test("an idle active workout is completed with all of its samples", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "ride", title: "Forgotten" });
  const samples = eachSecond(60, { power: 200 });
  await sendBatch(rider, "ride", samples);
  service.wait(HOUR + 1);
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 1 });
  const [workout, ...others] = await history(rider);
  expect(others).toEqual([]);
  expect(workout).toMatchObject({ id, title: "Forgotten", status: "COMPLETED" });
  expect(workout?.summary).toMatchObject({ sampleCount: 60, avgPower: 200, totalEnergy: 12 });
  expect(await telemetryOf(rider, id)).toEqual(samples);
  expect(await streamNames(rider)).toEqual([]);
});

test("an idle paused workout is completed, too", async () => {
  const { rider } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(10));
  await rider.send("POST", `/api/workouts/${id}/pause`);
  service.wait(HOUR + 1);
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 1 });
  expect(await history(rider)).toMatchObject([{ id, status: "COMPLETED" }]);
  expect(await telemetryOf(rider, id)).toHaveLength(10);
});

test("an idle stream that no workout claims becomes a ride with everything that a ride has", async () => {
  const { rider, app } = service;
  const start = app.clock.time - 10_000;
  const samples = eachSecond(60, { power: 200, heartrate: 140 }, start);
  await sendBatch(rider, "ride", [...samples.slice(0, 40), "no sample", ...samples.slice(40), samples[0]]);
  service.wait(HOUR + 1);
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 1 });

  const [workout, ...others] = await history(rider);
  expect(others).toEqual([]);
  expect(workout).toMatchObject({
    userId: rider.userId,
    title: "Recovered ride",
    status: "COMPLETED",
    sport: "cycling",
    streamName: "ride",
    startTime: new Date(start).toISOString(),
    endTime: new Date(start + 59_000).toISOString(),
  });
  // 60 s at 200 W are 12 kJ.
  const expected = {
    sampleCount: 60,
    skippedMessages: 1,
    elapsedTime: 60,
    recordedTime: 60,
    avgPower: 200,
    normalizedPower: 200,
    avgHeartrate: 140,
    totalEnergy: 12,
  };
  expect(workout?.summary).toMatchObject(expected);
  const id = workout?.id ?? "";
  expect(await summaryOf(rider, id)).toMatchObject(expected);
  expect(await telemetryOf(rider, id)).toEqual(samples);
  expect(await streamNames(rider)).toEqual([]);
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 0 });
});

test("an idle stream of nothing but text is left as it is", async () => {
  const { rider } = service;
  await sendBatch(rider, "chat", ["hello", "[1]", "17"]);
  service.wait(HOUR + 1);
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 0 });
  expect(await textsIn(rider, "chat")).toEqual(["hello", "[1]", "17"]);
  expect(await history(rider)).toEqual([]);
});

test("what is not idle is left as it is", async () => {
  const { rider } = service;
  const stale = await startRide(rider, { streamName: "stale-call" });
  const old = await startRide(rider, { streamName: "old-start" });
  await append(rider, "unclaimed", { power: 1 });
  service.wait(HOUR + 1);
  await rider.send("POST", `/api/workouts/${stale.id}/pause`);
  await append(rider, "old-start", { power: 1 });
  await append(rider, "unclaimed", { power: 2 });
  await rider.send("POST", "/api/streams/create", { streamName: "empty" });
  await startRide(rider, { streamName: "just-started" });
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 0 });
  const statuses = Object.fromEntries(
    (await history(rider)).map(({ streamName, status }) => [streamName, status]),
  );
  expect(statuses).toEqual({ "stale-call": "PAUSED", "old-start": "ACTIVE", "just-started": "ACTIVE" });
  expect(await streamNames(rider)).toEqual(["empty", "just-started", "old-start", "stale-call", "unclaimed"]);
  expect(await history(rider)).toContainEqual(old);
});

test("everything at once is counted", async () => {
  const { rider } = service;
  await startRide(rider, { streamName: "active" });
  await append(rider, "active", { power: 1 });
  await startRide(rider, { streamName: "active-empty" });
  await append(rider, "unclaimed-1", { power: 1 });
  await append(rider, "unclaimed-2", { power: 1 });
  for (const streamName of ["empty-1", "empty-2", "empty-3"]) {
    await rider.send("POST", "/api/streams/create", { streamName });
  }
  await append(rider, "chat", "hello");
  service.wait(HOUR + 1);
  await append(rider, "fresh", { power: 1 });
  expect(await cleanUp()).toMatchObject({ success: true, deletedCount: 3, archivedCount: 4 });
  expect(await streamNames(rider)).toEqual(["chat", "fresh"]);
  expect(await history(rider)).toHaveLength(4);
});

test("the span of quiet is the one that is asked for", async () => {
  const { rider } = service;
  await append(rider, "ride", { power: 1 });
  service.wait(5000);
  expect(await cleanUp("?retention=5001")).toMatchObject({ archivedCount: 0 });
  expect(await cleanUp("?retention=4999")).toMatchObject({ archivedCount: 1 });
});

test("without one it is that of the scheduled cleaning, twelve hours", async () => {
  const { rider } = service;
  await append(rider, "ride", { power: 1 });
  service.wait(12 * HOUR - 1);
  expect(await cleanUp("")).toMatchObject({ archivedCount: 0 });
  service.wait(2);
  expect(await cleanUp("")).toMatchObject({ archivedCount: 1 });
});

test.each(["-1", "soon", "1.5", "", "%20", "NaN", "Infinity"])(
  "retention=%s is refused and touches nothing",
  async (retention) => {
    const { rider } = service;
    const ride = await startRide(rider, { streamName: "ride" });
    await append(rider, "ride", { power: 1 });
    service.wait(HOUR);
    const refusal = await rider.refused("DELETE", `/api/streams/cleanup?retention=${retention}`);
    expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
    expect(fieldsOf(refusal)).toEqual(["retention"]);
    expect(await history(rider)).toEqual([ride]);
    expect(await listStreams(rider)).toMatchObject([{ name: "ride", length: 1 }]);
  },
);

test("only the streams and workouts of who asks are cleaned up", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  const theirs = await startRide(other, { streamName: "ride" });
  await append(other, "unclaimed", { power: 1 });
  await other.send("POST", "/api/streams/create", { streamName: "empty" });
  await append(rider, "unclaimed", { power: 1 });
  service.wait(HOUR + 1);
  expect(await cleanUp()).toMatchObject({ deletedCount: 0, archivedCount: 1 });
  expect(await history(other)).toEqual([theirs]);
  expect(await streamNames(other)).toEqual(["empty", "ride", "unclaimed"]);
});

test("who listens to a stream that is cleaned up hears its end", async () => {
  const { rider } = service;
  await append(rider, "ride", { power: 1 });
  const events = await listen(rider, "/api/streams/ride/listen?from=-");
  const all = events.rest();
  service.wait(HOUR + 1);
  await cleanUp();
  const heard = await all;
  expect(textsOf(heard)).toEqual(['{"power":1}']);
  expect(heard.at(-1)).toEqual(deleted("ride"));
});

test("the name of a recovered ride's stream can be used again", async () => {
  const { rider } = service;
  await sendBatch(rider, "ride", eachSecond(3, { power: 100 }));
  service.wait(HOUR + 1);
  await cleanUp();
  const second = await startRide(rider, { streamName: "ride" });
  const samples = eachSecond(2, { power: 300 });
  await sendBatch(rider, "ride", samples);
  await rider.send("POST", `/api/workouts/${second.id}/complete`);
  expect(await telemetryOf(rider, second.id)).toEqual(samples);
});

test("two that clean up at once recover a ride once", async () => {
  const { rider } = service;
  await sendBatch(rider, "ride", eachSecond(30));
  service.wait(HOUR + 1);
  const path = `/api/streams/cleanup?retention=${HOUR}`;
  const answers = await Promise.all([1, 2, 3].map(() => rider.request(path, { method: "DELETE" })));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await history(rider)).toMatchObject([{ summary: { sampleCount: 30 } }]);
  expect(await streamNames(rider)).toEqual([]);
});

test("a sample on its way while its empty stream is cleaned up is not deleted with it", async () => {
  const { rider } = service;
  for (let steps = 0; steps < 20; steps++) {
    const name = `ride-${steps}`;
    await rider.send("POST", "/api/streams/create", { streamName: name });
    service.wait(HOUR + 1);
    const appendLater = async () => {
      for (let step = 0; step < steps; step++) await Promise.resolve();
      await append(rider, name, { power: steps });
    };
    await Promise.all([appendLater(), cleanUp()]);
  }
  const rides = await Promise.all((await history(rider)).map(({ id }) => telemetryOf(rider, id)));
  const streams = await Promise.all((await streamNames(rider)).map((name) => textsIn(rider, name)));
  const found = [...rides.flat(), ...streams.flat().map((text) => JSON.parse(text) as { power: number })];
  const powers = found.map(({ power }) => Number(power)).toSorted((a, b) => a - b);
  expect(powers).toEqual(Array.from({ length: 20 }, (_, steps) => steps));
});

test("a stream that gets a sample while others are cleaned up is idle no more, and is not made a ride", async () => {
  const { rider } = service;
  const names = Array.from({ length: 60 }, (_, index) => `ride-${index}`);
  for (const streamName of names) await rider.send("POST", "/api/streams/create", { streamName });
  service.wait(HOUR + 1);
  const appendAll = async () => {
    for (const name of names.toReversed()) await append(rider, name, { power: 1 });
  };
  await Promise.all([cleanUp(), appendAll()]);
  expect(await history(rider)).toEqual([]);
});
