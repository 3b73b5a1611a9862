import { expect, test } from "bun:test";
import { count } from "drizzle-orm";
import { parseConfig } from "../../../src/config.ts";
import { sweepAttempts, telemetry } from "../../../src/db/schema.ts";
import { examine } from "../../../src/doctor/examine.ts";
import { AppError } from "../../../src/errors.ts";
import { MOST_HELD } from "../../../src/features/workouts/open-recording.ts";
import { endRideThread } from "../../../src/features/workouts/ride-thread-client.ts";
import { scheduleSweep, sweep } from "../../../src/features/workouts/sweep.ts";
import { beginAttempt } from "../../../src/features/workouts/sweep-attempts.ts";
import { registerRider, useService } from "../../support/accounts.ts";
import { createTestApp } from "../../support/app.ts";
import { append, sendBatch, streamNames } from "../streams/streams.ts";
import {
  change,
  complete,
  eachSecond,
  finishedRide,
  history,
  RIDE_START,
  startRide,
  sweepOnce,
  telemetryOf,
  trash,
} from "./rides.ts";

const service = useService({ fresh: true });
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const runOnce = () => sweepOnce(service.app.deps);

async function telemetryRows(): Promise<number> {
  const [row] = await service.app.deps.database.select({ rows: count() }).from(telemetry);
  return row?.rows ?? 0;
}

test("the schedule brings home what everybody has left lying for twelve hours, and nothing younger", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  const active = await startRide(rider, { streamName: "active" });
  await sendBatch(rider, "active", eachSecond(5));
  const paused = await startRide(other, { streamName: "paused" });
  await sendBatch(other, "paused", eachSecond(6));
  await change(other, paused.id, "pause");
  await sendBatch(other, "unclaimed", eachSecond(7));
  await rider.send("POST", "/api/streams/create", { streamName: "empty" });
  service.wait(HOUR);
  await append(rider, "younger", { power: 1 });
  service.wait(11 * HOUR + 1);
  await runOnce();

  expect(await history(rider)).toMatchObject([
    { id: active.id, status: "COMPLETED", summary: { sampleCount: 5 } },
  ]);
  expect(await streamNames(rider)).toEqual(["younger"]);
  const theirs = await history(other);
  expect(
    theirs.map(({ title, status, summary }) => [title, status, summary?.sampleCount]).toSorted(),
  ).toEqual([
    [null, "COMPLETED", 6],
    ["Recovered ride", "COMPLETED", 7],
  ]);
  expect(await telemetryOf(other, paused.id)).toEqual(eachSecond(6));
  expect(await streamNames(other)).toEqual([]);
});

test("how long that is can be configured", async () => {
  const app = await createTestApp({ STREAM_IDLE_HOURS: "1" });
  try {
    const rider = await registerRider(app);
    await append(rider, "ride", { power: 1 });
    app.clock.time += HOUR + 1;
    await sweepOnce(app.deps);
    expect(await history(rider)).toHaveLength(1);
  } finally {
    await app.close();
  }
});

test("the trash is emptied after thirty days", async () => {
  const { rider } = service;
  const kept = await finishedRide(rider, eachSecond(5), { title: "kept" });
  const gone = await finishedRide(rider, eachSecond(5), { title: "gone" });
  const rescued = await finishedRide(rider, eachSecond(5), { title: "rescued" });
  const put = await finishedRide(rider, eachSecond(5), { title: "put away" });
  await change(rider, put.id, "archive");
  await trash(rider, gone.id);
  await trash(rider, rescued.id);
  service.wait(DAY);
  const younger = await startRide(rider, { title: "younger", streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(5));
  await trash(rider, younger.id);

  service.wait(29 * DAY - 1000);
  await runOnce();
  expect(await history(rider, "?status=DELETED")).toHaveLength(3);
  await change(rider, rescued.id, "restore");

  service.wait(2000);
  await runOnce();
  expect((await history(rider, "?status=DELETED")).map(({ title }) => title)).toEqual(["younger"]);
  expect(await rider.refused("GET", `/api/workouts/${gone.id}`)).toMatchObject({ status: 404 });
  expect(await rider.refused("POST", `/api/workouts/${gone.id}/restore`)).toMatchObject({ status: 404 });
  expect((await history(rider)).map(({ title }) => title).toSorted()).toEqual(["kept", "rescued"]);
  expect((await history(rider, "?status=ARCHIVED")).map(({ title }) => title)).toEqual(["put away"]);
  for (const { id } of [kept, rescued, put, younger])
    expect(await telemetryOf(rider, id)).toEqual(eachSecond(5));
  expect(await telemetryRows()).toBe(4);
});

test("deleting again what is in the trash does not keep it there for longer", async () => {
  const { rider } = service;
  const { id } = await finishedRide(rider, []);
  await trash(rider, id);
  service.wait(20 * DAY);
  await rider.request(`/api/workouts/${id}`, { method: "DELETE" });
  await rider.request(`/api/workouts/${id}`, { method: "PATCH", json: { title: "edited" } });
  service.wait(10 * DAY + 1);
  await runOnce();
  expect(await history(rider, "?status=DELETED")).toEqual([]);
});

test("the thirty days begin with the latest deletion", async () => {
  const { rider } = service;
  const { id } = await finishedRide(rider, []);
  await trash(rider, id);
  service.wait(20 * DAY);
  await change(rider, id, "restore");
  await trash(rider, id);
  service.wait(20 * DAY);
  await runOnce();
  expect(await history(rider, "?status=DELETED")).toMatchObject([{ id }]);
});

test("TRASH_DAYS says how many days", async () => {
  const app = await createTestApp({ TRASH_DAYS: "1" });
  try {
    const rider = await registerRider(app);
    const { id } = await finishedRide(rider, []);
    await trash(rider, id);
    app.clock.time += DAY - 1;
    await sweepOnce(app.deps);
    expect(await history(rider, "?status=DELETED")).toHaveLength(1);
    app.clock.time += 2;
    await sweepOnce(app.deps);
    expect(await history(rider, "?status=DELETED")).toHaveLength(0);
  } finally {
    await app.close();
  }
});

test("one ride that cannot be brought home does not keep the others away, nor the trash from being emptied", async () => {
  const { rider, app } = service;
  const other = await registerRider(app);
  const old = await finishedRide(other, []);
  await trash(other, old.id);
  service.wait(30 * DAY);
  await startRide(rider, { streamName: "broken" });
  await append(rider, "broken", { power: 200 });
  const fine = await startRide(other, { streamName: "fine" });
  await sendBatch(other, "fine", eachSecond(5));
  service.wait(13 * HOUR);
  const { buffer } = app.deps;
  const range: typeof buffer.range = async (key, ...rest) => {
    if (key.name === "broken") throw new AppError("buffer_unavailable", "This stream cannot be read.");
    return buffer.range(key, ...rest);
  };
  await sweepOnce({ ...app.deps, buffer: { ...buffer, range } });
  expect(await history(rider)).toMatchObject([{ streamName: "broken", status: "ACTIVE" }]);
  expect(await history(other)).toMatchObject([
    { id: fine.id, status: "COMPLETED", summary: { sampleCount: 5 } },
  ]);
  expect(await history(other, "?status=DELETED")).toEqual([]);
});

test("a store that does not answer is not waited for once for each ride", async () => {
  const { rider, app } = service;
  for (const streamName of ["a", "b", "c"]) {
    await startRide(rider, { streamName });
    await append(rider, streamName, { power: 200 });
  }
  service.wait(13 * HOUR);
  let asked = 0;
  const away = async () => {
    asked += 1;
    throw new AppError("buffer_unavailable", "The live buffer cannot be reached.");
  };
  const buffer = { ...app.deps.buffer, range: away, ping: away };
  await sweepOnce({ ...app.deps, buffer });
  expect(asked).toBe(2);
  await sweepOnce(app.deps);
  expect((await history(rider)).map(({ status }) => status)).toEqual(Array(3).fill("COMPLETED"));
});

test("who stops the schedule waits for the ride at hand alone", async () => {
  const { rider, app } = service;
  for (const streamName of ["a", "b", "c"]) {
    await startRide(rider, { streamName });
    await append(rider, streamName, { power: 200 });
  }
  service.wait(13 * HOUR);
  const { buffer } = app.deps;
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const range: typeof buffer.range = async (...options) => {
    begun.resolve();
    await released.promise;
    return buffer.range(...options);
  };
  const schedule = scheduleSweep({ ...app.deps, buffer: { ...buffer, range } });
  await begun.promise;
  const stopped = schedule.stop();
  released.resolve();
  await stopped;
  const statuses = (await history(rider)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(["ACTIVE", "ACTIVE", "COMPLETED"]);
});

test("sweeps at once bring each ride home once", async () => {
  const { rider, app } = service;
  // Several, since it takes chance for two sweeps to be at the same one.
  for (const name of ["a", "b", "c", "d", "e"]) await sendBatch(rider, name, eachSecond(5));
  await startRide(rider, { streamName: "active" });
  await sendBatch(rider, "active", eachSecond(6));
  service.wait(HOUR);
  const options = { idleMs: HOUR / 2 };
  const outcomes = await Promise.allSettled([sweep(app.deps, options), sweep(app.deps, options)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  const counts = (await history(rider)).map(({ summary }) => summary?.sampleCount);
  expect(counts.toSorted()).toEqual([5, 5, 5, 5, 5, 6]);
});

test("a ride that starts while the sweep runs is not taken away", async () => {
  const { rider, app } = service;
  await rider.send("POST", "/api/streams/create", { streamName: "ride" });
  service.wait(HOUR);
  const [ride] = await Promise.all([
    startRide(rider, { streamName: "ride" }),
    sweep(app.deps, { idleMs: HOUR / 2 }),
  ]);
  await append(rider, "ride", { timestamp: RIDE_START, power: 100 });
  expect(await history(rider)).toMatchObject([{ id: ride.id, status: "ACTIVE" }]);
  expect(await telemetryOf(rider, ride.id)).toEqual([{ timestamp: RIDE_START, power: 100 }]);
});

test("what is left in the stream after a ride was completed does not become a ride again", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(5));
  await rider.send("POST", `/api/workouts/${id}/complete`);
  // As after a crash between the commit and the deletion of the stream: a later sample comes first.
  await append(rider, "ride", { timestamp: RIDE_START - 60_000, power: 100 });
  service.wait(13 * HOUR);
  await sweep(app.deps, { idleMs: 12 * HOUR });
  const rides = await history(rider);
  expect(rides.map(({ title, summary }) => [title, summary?.sampleCount])).toEqual([
    [null, 5],
    ["Recovered ride", 1],
  ]);
});

/** A message that is not what the program writes: it is read in vain each time. */
async function spoil(name: string): Promise<void> {
  await service.app.deps.buffer.append({ owner: service.rider.userId, name }, ["{"]);
}

async function setAside() {
  return (await examine(parseConfig({ DATA_DIR: service.app.directory }), service.app.clock.time))
    .map(({ message }) => message)
    .filter((message) => message.includes("set aside"));
}

/** How often the sweep reads a stream. */
async function readings(name: string): Promise<number> {
  const { buffer } = service.app.deps;
  let count = 0;
  const range: typeof buffer.range = (key, ...rest) => {
    if (key.name === name) count += 1;
    return buffer.range(key, ...rest);
  };
  await sweepOnce({ ...service.app.deps, buffer: { ...buffer, range } });
  return count;
}

test.each(["claimed by a workout", "of no workout"])(
  "a ride that cannot be summed up, %s, is tried three times, then set aside until something comes",
  async (which) => {
    const { rider, app } = service;
    if (which === "claimed by a workout") await startRide(rider, { streamName: "poison" });
    await spoil("poison");
    await append(rider, "poison", { power: 200 });
    service.wait(13 * HOUR);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await setAside()).toEqual([]);
      expect(await readings("poison")).toBeGreaterThan(0);
    }
    expect(await readings("poison")).toBe(0);
    await app.reopen();
    expect(await readings("poison")).toBe(0);
    expect(await setAside()).toEqual([
      expect.stringMatching(
        new RegExp(`^Idle rides .* are set aside: poison of ${rider.userId} \\(JSON Parse error: .+\\)$`),
      ),
    ]);
    expect(await streamNames(rider)).toEqual(["poison"]);

    await append(rider, "poison", { power: 210 });
    expect(await setAside()).toEqual([]);
    expect(await readings("poison")).toBe(0);
    service.wait(13 * HOUR);
    expect(await readings("poison")).toBeGreaterThan(0);
  },
);

test("a ride that ends the whole process is tried three times", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(5));
  const key = { owner: rider.userId, name: "ride" };
  const { lastMessageId = null } = (await app.deps.buffer.info(key)) ?? {};
  for (const attempt of [1, 2, 3]) {
    expect(await beginAttempt(app.deps.database, key, lastMessageId)).toBe(attempt);
  }
  service.wait(13 * HOUR);
  expect(await readings("ride")).toBe(0);
  expect(await setAside()).toEqual([expect.stringContaining("(each time the service ended meanwhile)")]);
  // Whoever asks for it gets another try.
  expect(await complete(rider, id)).toMatchObject({ archivedMessages: 5 });
  expect(await setAside()).toEqual([]);
});

test("another version of the program tries again", async () => {
  const { rider, app } = service;
  await startRide(rider, { streamName: "poison" });
  await spoil("poison");
  await append(rider, "poison", { power: 200 });
  service.wait(13 * HOUR);
  for (let attempt = 1; attempt <= 3; attempt++) await readings("poison");
  expect(await readings("poison")).toBe(0);
  await app.deps.database.update(sweepAttempts).set({ version: "0.0.9" });
  expect(await setAside()).toEqual([]);
  expect(await readings("poison")).toBeGreaterThan(0);
});

test("a stop that waits for a long ride no longer sets nothing aside", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "long" });
  const samples = eachSecond(MOST_HELD + 1);
  for (let from = 0; from < samples.length; from += 5000) {
    await sendBatch(rider, "long", samples.slice(from, from + 5000));
  }
  service.wait(13 * HOUR);
  const attempts = () => app.deps.database.select().from(sweepAttempts);
  for (let stop = 1; stop <= 4; stop++) {
    const schedule = scheduleSweep(app.deps);
    while ((await attempts()).length === 0) await Bun.sleep(1);
    let isStopped = false;
    const stopped = schedule.stop().finally(() => {
      isStopped = true;
    });
    // Which it may not even have started yet.
    for (; !isStopped; await Bun.sleep(1)) endRideThread();
    await stopped;
    expect(await attempts()).toEqual([]);
    expect(await history(rider)).toMatchObject([{ id, status: "ACTIVE" }]);
  }
  await runOnce();
  expect(await history(rider)).toMatchObject([
    { id, status: "COMPLETED", summary: { sampleCount: samples.length } },
  ]);
}, 60_000);

test("a store that is away sets nothing aside", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(5));
  service.wait(13 * HOUR);
  const range = async () => {
    throw new AppError("buffer_unavailable", "The live buffer cannot be reached.");
  };
  const buffer = { ...app.deps.buffer, range };
  for (let attempt = 1; attempt <= 5; attempt++) await sweepOnce({ ...app.deps, buffer });
  await runOnce();
  expect(await history(rider)).toMatchObject([{ id, status: "COMPLETED", summary: { sampleCount: 5 } }]);
  expect(await app.deps.database.select().from(sweepAttempts)).toEqual([]);
});
