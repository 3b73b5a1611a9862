import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sweep } from "../src/features/workouts/sweep.ts";
import { createKey, login, post, register, statusOf } from "./features/accounts/accounts.ts";
import { append, sendBatch, streamNames } from "./features/streams/streams.ts";
import { eachSecond, finishedRide, history, startRide, sweepOnce, trash } from "./features/workouts/rides.ts";
import { type Rider, registerRider } from "./support/accounts.ts";
import { createTestApp, type TestApp } from "./support/app.ts";

/*
 * What deletes, ends or completes for its age, and a clock that is wrong. Each of these happens when time has really
 * passed (the tests of the features see to that) and not because somebody has set the clock.
 */

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

let app: TestApp;
let rider: Rider;
beforeEach(async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  rider = await registerRider(app);
});
afterEach(() => app.close());

const statuses = async () => (await history(rider)).map(({ status }) => status);
const inTrash = async () => (await history(rider, "?status=DELETED")).length;
const health = async () => (await (await app.request("/health")).json()) as { clock?: string };

/** A ride under way, a stream of no ride, an empty stream. */
async function beginRides(): Promise<void> {
  await startRide(rider, { streamName: "ride" });
  await sendBatch(rider, "ride", eachSecond(5));
  await append(rider, "unclaimed", { power: 200 });
  await rider.send("POST", "/api/streams/create", { streamName: "empty" });
}

async function expectUnderWay(): Promise<void> {
  expect(await statuses()).toEqual(["ACTIVE"]);
  expect((await streamNames(rider)).toSorted()).toEqual(["empty", "ride", "unclaimed"]);
}

async function expectBroughtHome(): Promise<void> {
  // The sweep that a start begins with may be at it, too.
  while ((await streamNames(rider)).length > 0) await Bun.sleep(5);
  expect(await statuses()).toEqual(["COMPLETED", "COMPLETED"]);
  expect(await streamNames(rider)).toEqual([]);
}

/** What may happen to a clock while the service runs, between two starts, and while the machine is off. */
const steps: { name: string; step(): Promise<void> }[] = [
  { name: "three days ahead", step: async () => app.clock.step(3 * DAY) },
  { name: "ten years ahead", step: async () => app.clock.step(10 * YEAR) },
  { name: "a year back", step: async () => app.clock.step(-YEAR) },
  { name: "ahead over a restart", step: () => app.whileStopped(async () => app.clock.step(3 * DAY)) },
  {
    name: "ten years ahead over a restart",
    step: () => app.whileStopped(async () => app.clock.step(10 * YEAR)),
  },
  { name: "back over a restart", step: () => app.whileStopped(async () => app.clock.step(-YEAR)) },
  {
    name: "ten years ahead of the last run of the machine",
    step: () => app.whileStopped(async () => app.clock.reboot(10 * YEAR)),
  },
  {
    name: "behind the last run of the machine",
    step: () => app.whileStopped(async () => app.clock.reboot(-YEAR)),
  },
  {
    name: "ahead in two starts after each other",
    async step() {
      await app.whileStopped(async () => app.clock.step(10 * YEAR));
      await append(rider, "ride", { power: 1 });
      app.clock.time += SECOND;
      await app.reopen();
    },
  },
];

for (const { name, step } of steps) {
  describe(`a clock that is ${name}`, () => {
    test("completes no ride, and does so once it is idle for long enough", async () => {
      await beginRides();
      app.clock.time += 35 * SECOND;
      await step();
      await sweepOnce(app.deps);
      await expectUnderWay();
      app.clock.time += 11 * HOUR;
      await sweepOnce(app.deps);
      await expectUnderWay();
      app.clock.time += HOUR + SECOND;
      await sweepOnce(app.deps);
      await expectBroughtHome();
    });

    test("empties no trash", async () => {
      const { id } = await finishedRide(rider, eachSecond(5));
      await trash(rider, id);
      app.clock.time += 35 * SECOND;
      await step();
      await sweepOnce(app.deps);
      await sweepOnce(app.deps);
      expect(await inTrash()).toBe(1);
    });

    test("ends no session", async () => {
      const account = await register(app);
      app.clock.time += 35 * SECOND;
      await step();
      await login(app);
      const { status } = await post(app, "/api/auth/refresh", { refreshToken: account.refreshToken });
      expect(status).toBe(200);
    });
  });
}

test("a time server that sets the clock right has no ride completed that is recorded", async () => {
  // As a Raspberry Pi starts that was off for a week: its clock goes on where it stood.
  await app.whileStopped(async () => app.clock.reboot(0));
  await beginRides();
  app.clock.time += 35 * SECOND;
  app.clock.step(7 * DAY);
  app.clock.synchronized = true;
  await app.deps.clock.look();
  await sweepOnce(app.deps);
  await expectUnderWay();
  expect(await health()).not.toHaveProperty("clock");
  app.clock.time += 12 * HOUR + SECOND;
  await sweepOnce(app.deps);
  await expectBroughtHome();
});

test("what a start finds is brought home when a time server has confirmed how long it has lain", async () => {
  await beginRides();
  await app.whileStopped(async () => app.clock.reboot(3 * DAY));
  await sweepOnce(app.deps);
  await expectUnderWay();
  expect(await health()).toMatchObject({ clock: "ahead" });
  app.clock.synchronized = true;
  await app.deps.clock.look();
  await sweepOnce(app.deps);
  await expectBroughtHome();
});

test("a machine that was off for the night, or a service for a week, has nothing to prove", async () => {
  await beginRides();
  await app.whileStopped(async () => app.clock.reboot(13 * HOUR));
  await sweepOnce(app.deps);
  await expectBroughtHome();

  await append(rider, "ride", { power: 1 });
  await app.whileStopped(async () => {
    app.clock.time += 7 * DAY;
  });
  await sweepOnce(app.deps);
  while ((await streamNames(rider)).length > 0) await Bun.sleep(5);
  expect(await statuses()).toEqual(Array(3).fill("COMPLETED"));
  expect(await health()).not.toHaveProperty("clock");
});

test("what was thrown away by a clock that was behind is kept for its time", async () => {
  const { id } = await finishedRide(rider, eachSecond(5));
  const { id: older } = await finishedRide(rider, eachSecond(5));
  app.clock.synchronized = true;
  await app.deps.clock.look();
  await trash(rider, older);
  // By its clock, the machine was off for no time at all; it is without a network for months.
  await app.whileStopped(async () => {
    app.clock.synchronized = false;
    app.clock.reboot(HOUR);
  });
  await trash(rider, id);
  await app.reopen();
  app.clock.step(60 * DAY);
  app.clock.synchronized = true;
  await app.deps.clock.look();
  await sweepOnce(app.deps);
  expect((await history(rider, "?status=DELETED")).map((ride) => ride.id)).toEqual([id]);
  app.clock.time += 30 * DAY + SECOND;
  await sweepOnce(app.deps);
  expect(await inTrash()).toBe(0);
});

test("what was thrown away by a clock that was ahead is not kept for years", async () => {
  const { id } = await finishedRide(rider, eachSecond(5));
  app.clock.step(10 * YEAR);
  await trash(rider, id);
  app.clock.step(-10 * YEAR);
  app.clock.time += 2 * DAY;
  app.clock.synchronized = true;
  await app.deps.clock.look();
  app.clock.time += 30 * DAY + SECOND;
  await sweepOnce(app.deps);
  expect(await inTrash()).toBe(0);
});

test("a ride recorded while the clock was ahead is completed when it has been idle, after a restart too", async () => {
  app.clock.step(10 * YEAR);
  await beginRides();
  app.clock.step(-10 * YEAR);
  await app.reopen();
  await sweepOnce(app.deps);
  await expectUnderWay();
  app.clock.time += 12 * HOUR + SECOND;
  await sweepOnce(app.deps);
  await expectBroughtHome();
});

test("a rider's own cleaning goes by time that has passed", async () => {
  await beginRides();
  app.clock.step(3 * DAY);
  expect(await sweep(app.deps, { idleMs: HOUR, owner: rider.userId })).toEqual({
    archivedCount: 0,
    deletedCount: 0,
  });
  app.clock.time += HOUR;
  expect(await sweep(app.deps, { idleMs: HOUR, owner: rider.userId })).toEqual({
    archivedCount: 2,
    deletedCount: 1,
  });
});

test("a stream of nobody is kept for its time", async () => {
  await append(rider, "ride", { power: 1 });
  await app.deps.database.$client.execute("DELETE FROM users");
  app.clock.step(10 * YEAR);
  await sweepOnce(app.deps);
  expect(await app.deps.buffer.list()).toHaveLength(1);
  app.clock.time += 30 * DAY + SECOND;
  await sweepOnce(app.deps);
  expect(await app.deps.buffer.list()).toEqual([]);
});

test("a key does not end before its time, and is not good for longer", async () => {
  const { accessToken } = await register(app);
  const { key } = await createKey(app, accessToken, {
    expiresAt: new Date(app.clock.time + DAY).toISOString(),
  });
  app.clock.step(3 * DAY);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  app.clock.step(-3 * DAY);
  app.clock.time += DAY;
  expect(await statusOf(app, { apiKey: key })).toBe(401);
});

test("an hour back, a key that was revoked by a command is refused within a minute", async () => {
  expect((await rider.request("/api/workouts")).status).toBe(200);
  await app.deps.database.$client.execute("DELETE FROM api_keys");
  app.clock.step(-HOUR);
  app.clock.time += 60 * SECOND;
  expect((await rider.request("/api/workouts")).status).toBe(401);
});

test("the last use of a key is noted again after a clock that was ahead", async () => {
  const account = await register(app);
  const { key, id } = await createKey(app, account.accessToken);
  const lastUse = async () => {
    app.clock.time += 61 * SECOND;
    await statusOf(app, { apiKey: key });
    await app.deps.authenticator.flushKeyUsage();
    const { rows } = await app.deps.database.$client.execute({
      sql: "SELECT last_used_at FROM api_keys WHERE id = ?",
      args: [id],
    });
    return rows[0]?.last_used_at;
  };
  app.clock.step(YEAR);
  expect(await lastUse()).toBe(app.clock.time);
  app.clock.step(-YEAR);
  expect(await lastUse()).toBe(app.clock.time);
});

test("an instance of an earlier version begins at its newest record", async () => {
  const { id } = await finishedRide(rider, eachSecond(5));
  await trash(rider, id);
  await app.whileStopped(async () => {
    app.clock.step(10 * YEAR);
    await rm(join(app.directory, "clock.json"));
  });
  await sweepOnce(app.deps);
  expect(await inTrash()).toBe(1);
  expect(await health()).toMatchObject({ clock: "ahead" });
});
