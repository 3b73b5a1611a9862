import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { join } from "node:path";
import { count, sql } from "drizzle-orm";
import { createDatabase, type Database } from "../../src/db/database.ts";
import { createLeases } from "../../src/db/lease.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { openClient } from "../../src/db/open.ts";
import { leases, workouts } from "../../src/db/schema.ts";
import { append } from "../features/streams/streams.ts";
import { finishedRide, history, sweepOnce, trash } from "../features/workouts/rides.ts";
import { registerRider } from "../support/accounts.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { failureOf } from "../support/failure.ts";
import { describeWithSqld, startSqld } from "../support/sqld.ts";
import { startInstances } from "./instances.ts";

const MINUTE = 60_000;

describe("a lease", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let database: Database;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    const url = `file:${join(directory.path, "test.db")}`;
    database = createDatabase(await openClient({ url }));
    await migrateDatabase(database);
  });
  afterEach(async () => {
    jest.useRealTimers();
    database.$client.close();
    await directory.remove();
  });

  const instance = (name: string) => createLeases(database, name);

  test("that was taken before the clock was set back holds nobody up for longer than any other", async () => {
    const future = Date.now() + 3_600_000;
    await database
      .insert(leases)
      .values({ name: "job", holder: "one that died", expiresAt: new Date(future) });
    const { held, finish, result } = occupy(instance("another"), "job");
    expect(await held).toBe(true);
    finish();
    await result;
  });

  test("is held by one of many that want it at once, and free when that is done", async () => {
    const done: number[] = [];
    const first = Array.from({ length: 10 }, (_, index) => occupy(instance(`instance ${index}`), "job"));
    expect((await Promise.all(first.map(({ held }) => held))).filter(Boolean)).toHaveLength(1);
    for (const { finish, result } of first) {
      finish();
      done.push(Number(await result));
    }
    expect(done.toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(await instance("another").hold("job", async () => {})).toBe(true);
    expect(await database.select().from(leases)).toEqual([]);
  });

  test("keeps nobody from another job", async () => {
    const sweep = occupy(instance("a"), "sweep");
    expect(await sweep.held).toBe(true);
    expect(await instance("b").hold("sweep", async () => {})).toBe(false);
    expect(await instance("b").hold("backup", async () => {})).toBe(true);
    sweep.finish();
    await sweep.result;
  });

  test("of an instance that died is taken over a minute later, and no sooner", async () => {
    await leaveBehind("dead");
    await age(database, MINUTE - 5000);
    expect(await instance("b").hold("job", async () => {})).toBe(false);
    await age(database, 5000);
    const takers = ["b", "c", "d"].map((name) => occupy(instance(name), "job"));
    expect((await Promise.all(takers.map(({ held }) => held))).filter(Boolean)).toHaveLength(1);
    for (const { finish, result } of takers) {
      finish();
      await result;
    }
  });

  test("of an instance that died is its own again after a restart", async () => {
    await leaveBehind("a");
    expect(await instance("b").hold("job", async () => {})).toBe(false);
    expect(await instance("a").hold("job", async () => {})).toBe(true);
    expect(await instance("b").hold("job", async () => {})).toBe(true);
  });

  test("is renewed for as long as the work takes", async () => {
    jest.useFakeTimers();
    const job = occupy(instance("a"), "job");
    expect(await job.held).toBe(true);
    const before = realTime();
    for (let third = 0; third < 12; third++) {
      await age(database, MINUTE / 3);
      jest.advanceTimersByTime(MINUTE / 3);
      // The renewal is in front of it in the queue of the one connection that writes.
      await database.delete(leases).where(sql`name = 'another'`);
      const [row] = await database.select().from(leases);
      expect(row).toMatchObject({ name: "job", holder: "a" });
      expect(Number(row?.expiresAt) - before).toBeGreaterThanOrEqual(MINUTE - 1000);
      expect(await instance("b").hold("job", async () => {})).toBe(false);
    }
    job.finish();
    expect(await job.result).toBe(true);
    jest.advanceTimersByTime(MINUTE);
    expect(await database.select().from(leases)).toEqual([]);
  });

  test("that ended in the middle of a renewal is free", async () => {
    jest.useFakeTimers();
    const job = occupy(instance("a"), "job");
    await job.held;
    jest.advanceTimersByTime(MINUTE / 3);
    job.finish();
    await job.result;
    expect(await database.select().from(leases)).toEqual([]);
  });

  test("goes by the database's clock, not by that of an instance", async () => {
    jest.useFakeTimers({ now: Date.UTC(2099, 0, 1) });
    const job = occupy(instance("a"), "job");
    expect(await job.held).toBe(true);
    const [row] = await database.select().from(leases);
    expect(Number(row?.expiresAt)).toBeLessThan(Date.UTC(2099, 0, 1));
    job.finish();
    await job.result;
  });

  test("is free again when the work fails, which is told", async () => {
    const failing = instance("a").hold("job", async () => {
      throw new Error("on purpose");
    });
    expect(String(await failureOf(failing))).toContain("on purpose");
    expect(await instance("b").hold("job", async () => {})).toBe(true);
  });

  test("that cannot be given back runs out by itself: the work was done all the same", async () => {
    const done = instance("a").hold("job", async () => database.$client.close());
    expect(await done).toBe(true);
    await database.$client.reconnect();
    expect(await instance("b").hold("job", async () => {})).toBe(false);
    await age(database, MINUTE);
    expect(await instance("b").hold("job", async () => {})).toBe(true);
  });

  test("that cannot be asked for is an error, and the work is not begun", async () => {
    database.$client.close();
    let begun = false;
    const asking = instance("a").hold("job", async () => {
      begun = true;
    });
    expect(await failureOf(asking)).toBeInstanceOf(Error);
    expect(begun).toBe(false);
    await database.$client.reconnect();
  });

  /** As an instance does that dies at work. */
  async function leaveBehind(holder: string): Promise<void> {
    await database.insert(leases).values({ name: "job", holder, expiresAt: new Date(realTime() + MINUTE) });
  }
});

describeWithSqld("of two instances on one database", () => {
  const DAY = 86_400_000;

  test("one sweeps and purges at a time, and the other when it is free or has run out", async () => {
    await using sqld = await startSqld();
    await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
    const [a, b] = instances.pair;
    const rider = await registerRider(a);
    const trashed = await finishedRide(rider, []);
    await trash(rider, trashed.id);
    await append(rider, "left-behind", { power: 200 });
    a.clock.time += 31 * DAY;
    b.clock.time = a.clock.time;

    const sweeping = occupy(b.deps.leases, "sweep");
    expect(await sweeping.held).toBe(true);
    await sweepOnce(a.deps);
    expect(await history(rider, "?status=DELETED")).toHaveLength(1);
    expect(await history(rider)).toEqual([]);
    sweeping.finish();
    await sweeping.result;
    await sweepOnce(a.deps);
    expect(await history(rider, "?status=DELETED")).toEqual([]);
    expect(await history(rider)).toMatchObject([{ title: "Recovered ride", summary: { sampleCount: 1 } }]);

    await trash(rider, (await finishedRide(rider, [])).id);
    a.clock.time += 31 * DAY;
    const expiresAt = new Date(realTime() + MINUTE);
    await b.deps.database.insert(leases).values({ name: "sweep", holder: "dead", expiresAt });
    await sweepOnce(a.deps);
    expect(await history(rider, "?status=DELETED")).toHaveLength(1);
    await age(b.deps.database, MINUTE);
    await sweepOnce(a.deps);
    expect(await history(rider, "?status=DELETED")).toEqual([]);
  });

  test("both of which sweep at once, each ride is brought home once", async () => {
    await using sqld = await startSqld();
    await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
    const [a, b] = instances.pair;
    const rider = await registerRider(a);
    for (let ride = 0; ride < 5; ride++) await append(rider, `ride-${ride}`, { power: 200 + ride });
    for (const app of [a, b]) app.clock.time += DAY;
    // Both see the same live data, as they do with Redis.
    const { buffer, hub } = a.deps;
    const other = { ...b.deps, buffer, hub };
    let atWork = 0;
    let most = 0;
    const watched = {
      ...buffer,
      list: async (owner?: string) => {
        atWork += 1;
        most = Math.max(most, atWork);
        const listed = await buffer.list(owner);
        await Bun.sleep(50);
        atWork -= 1;
        return listed;
      },
    };
    await Promise.all([a.deps, other].map((deps) => sweepOnce({ ...deps, buffer: watched })));
    expect(most).toBe(1);
    expect(await a.deps.database.select({ rows: count() }).from(workouts)).toEqual([{ rows: 5 }]);
    expect(await a.deps.database.select().from(leases)).toEqual([]);
  });
});

/** The time by which leases go: the database's, whatever the clocks of the instances show. */
function realTime(): number {
  return performance.timeOrigin + performance.now();
}

/** As much time passes for the leases. */
async function age(database: Database, milliseconds: number): Promise<void> {
  await database.update(leases).set({ expiresAt: sql`expires_at - ${milliseconds}` });
}

/** Holds a lease until it is told to finish; `held` resolves to whether it got it. */
function occupy(holder: ReturnType<typeof createLeases>, name: string) {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const { promise: held, resolve } = Promise.withResolvers<boolean>();
  const result = holder.hold(name, () => {
    resolve(true);
    return finished;
  });
  result.then(
    () => resolve(false),
    () => resolve(false),
  );
  return { held, finish, result };
}
