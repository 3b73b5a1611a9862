import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { closeClient, openClient, openReplica } from "../../src/db/open.ts";
import { openRemote } from "../../src/db/remote.ts";
import { users, workouts } from "../../src/db/schema.ts";
import { createLogger } from "../../src/logger.ts";
import { login, PASSWORD, post, register, statusOf } from "../features/accounts/accounts.ts";
import { recordsOf, rideAt, setFtp } from "../features/analysis/analysis.ts";
import { sendBatch } from "../features/streams/streams.ts";
import {
  complete,
  eachSecond,
  finishedRide,
  getWorkout,
  history,
  startRide,
  summaryOf,
  telemetryOf,
} from "../features/workouts/rides.ts";
import { registerRider } from "../support/accounts.ts";
import type { TestApp } from "../support/app.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { registerRider as registerByHttp } from "../support/rider.ts";
import { startServer } from "../support/server.ts";
import { describeWithSqld, startSqld } from "../support/sqld.ts";
import { isProbe, isSync, startFront } from "./front.ts";
import {
  expectUnavailable,
  hang,
  LONGEST_ANSWER_MS,
  refusalOf,
  startInstance,
  startInstances,
  timeOf,
  until,
} from "./instances.ts";

/** Far less than the time limit of a call to the primary, and far more than a read of the copy takes; ms. */
const QUICK_MS = 2000;

/** Far less than the loop of a service would not turn for while it waits for a primary, and more than it ever does; ms. */
const LONGEST_GAP_MS = 2500;

/** The longest that a start may take while the primary does not answer, in ms. */
const LONGEST_START_MS = 15_000;

const replicaOf = (primary: { url: string }, interval = "1") => ({
  DATABASE_SYNC_URL: primary.url,
  DATABASE_SYNC_INTERVAL: interval,
});

describeWithSqld("a replica", () => {
  test("serves a rider from registration to the deletion of the account", async () => {
    await using sqld = await startSqld();
    await using app = await startInstance(replicaOf(sqld, "3600"));
    await register(app);
    const { accessToken } = await login(app);
    const rider = await registerRider(app);
    const samples = eachSecond(60, { power: 210 });
    const { id } = await finishedRide(rider, samples, { title: "Höhenweg" });
    expect(await telemetryOf(rider, id)).toEqual(samples);
    expect(await history(rider)).toMatchObject([{ id, title: "Höhenweg", status: "COMPLETED" }]);
    expect((await recordsOf(rider)).map(({ workoutId }) => workoutId)).toContain(id);
    expect(await setFtp(rider, 250, "2026-01-01")).toMatchObject({ rederiving: { rides: 1, remaining: 0 } });
    expect(await summaryOf(rider, id)).toMatchObject({ ftp: 250 });
    const again = await post(app, "/api/auth/register", { email: "Rider@example.org", password: PASSWORD });
    expect(again.status).toBe(409);
    expect((await app.request("/api/users/me", { method: "DELETE", token: accessToken })).status).toBe(204);
    expect(await statusOf(app, { token: accessToken })).toBe(401);
    await synced(app);
    expect(await history(rider)).toMatchObject([{ id, title: "Höhenweg", status: "COMPLETED" }]);
    expect(await telemetryOf(rider, id)).toEqual(samples);
  });

  test("writes to its primary, and reads at once what it has written", async () => {
    await using sqld = await startSqld();
    await using app = await startInstance(replicaOf(sqld, "3600"));
    const rider = await registerRider(app);
    const primary = await openRemote(sqld.url, undefined);
    const ride = await startRide(rider, { title: "-" });
    for (let edit = 0; edit < 40; edit++) {
      const title = `edit ${edit}`;
      await rider.request(`/api/workouts/${ride.id}`, { method: "PATCH", json: { title } });
      // Now and then some of it is in the copy by then.
      if (edit % 3 === 0) await Bun.sleep(edit);
      expect(await getWorkout(rider, ride.id)).toMatchObject({ title });
      const { rows } = await primary.execute("SELECT title FROM workouts");
      expect(rows).toMatchObject([{ title }]);
    }
    primary.close();
  });

  test("sees what another instance has written after the interval", async () => {
    await using sqld = await startSqld();
    await using instances = await startInstances(2, replicaOf(sqld));
    const [a, b] = instances.pair;
    const rider = await registerRider(a);
    await until(async () => (await statusOf(b, { apiKey: rider.apiKey })) === 200, 3000);
    const { id } = await finishedRide(rider, eachSecond(20));
    const there = await b.request(`/api/workouts/${id}`, { apiKey: rider.apiKey });
    expect([200, 404]).toContain(there.status);
    await until(async () => {
      const answer = await b.request(`/api/workouts/${id}`, { apiKey: rider.apiKey });
      return (await answer.text()).includes("COMPLETED");
    }, 3000);
    const telemetry = await b.request(`/api/workouts/${id}/telemetry`, { apiKey: rider.apiKey });
    expect(await telemetry.json()).toEqual(eachSecond(20));
  });

  test("has the transactions of its primary", async () => {
    await using sqld = await startSqld();
    await using instances = await startInstances(2, replicaOf(sqld, "3600"));
    const [a, b] = instances.pair;
    const failing = a.deps.database.transaction(async (tx) => {
      await tx.insert(users).values([userRow("u"), userRow("v")]);
      expect(await tx.select().from(users)).toHaveLength(2);
      throw new Error("on purpose");
    });
    await expect(failing).rejects.toThrow("on purpose");
    expect(await a.deps.database.select().from(users)).toEqual([]);
    await a.deps.database.insert(users).values({ ...userRow("u"), settings: { counter: 0 } });
    const databases = [a, b].map(({ deps }) => deps.database);
    await Promise.all(
      databases.flatMap((database) =>
        Array.from({ length: 10 }, () =>
          database.transaction(async (tx) => {
            const [row] = await tx.select({ settings: users.settings }).from(users);
            await tx.update(users).set({ settings: { counter: Number(row?.settings.counter) + 1 } });
          }),
        ),
      ),
    );
    for (const app of [a, b]) {
      await synced(app);
      expect(await app.deps.database.select({ settings: users.settings }).from(users)).toEqual([
        { settings: { counter: 20 } },
      ]);
    }
  });

  test("finds out what another instance has changed when it changes the same", async () => {
    await using sqld = await startSqld();
    await using instances = await startInstances(2, replicaOf(sqld, "3600"));
    const [a, b] = instances.pair;
    const rider = await registerRider(a);
    const { id } = await startRide(rider);
    await synced(b);
    const path = `/api/workouts/${id}`;
    const { apiKey } = rider;
    // The copy of b still has the ride as it was started.
    await rider.send("POST", `${path}/pause`);
    expect((await b.request(`${path}/pause`, { method: "POST", apiKey })).status).toBe(409);
    const edited = await b.request(path, { method: "PATCH", json: { title: "edited" }, apiKey });
    expect(await edited.json()).toMatchObject({ workout: { title: "edited", status: "PAUSED" } });
  });

  describe("whose primary is away", () => {
    test.each(["dead", "hanging"])(
      "(%s) serves reads from the copy, and quickly",
      async (state) => {
        await using sqld = await startSqld();
        await using app = await startInstance(replicaOf(sqld));
        const rider = await registerRider(app);
        const ride = await rideAt(rider, "2026-06-01T08:00Z");
        const { id } = await startRide(rider, { streamName: "ride" });
        await synced(app);
        if (state === "dead") await sqld.kill9();
        else await hang(sqld);
        const gaps = measureGaps();
        const end = performance.now() + 2500;
        do {
          for (const path of [
            "/api/workouts",
            `/api/workouts/${ride.id}/telemetry`,
            "/api/records",
            "/livez",
          ]) {
            const took = await timeOf(() => rider.ok(path));
            expect(took).toBeLessThan(QUICK_MS);
          }
          await Bun.sleep(50);
        } while (performance.now() < end);
        const writing = rider.request("/api/workouts", { method: "POST", json: {} });
        expect(await timeOf(() => expectUnavailable(writing))).toBeLessThan(LONGEST_ANSWER_MS);
        await sendBatch(rider, "ride", eachSecond(10));
        await until(async () => (await health(app)).status === "degraded");
        expect(await health(app)).toMatchObject({ database: "connected", primary: "disconnected" });
        // A service that waited for its primary would not turn at all.
        expect(gaps.longest()).toBeLessThan(LONGEST_GAP_MS);
        if (state === "dead") await sqld.restart();
        else sqld.resume();
        await until(async () => (await health(app)).status === "ok");
        expect(await complete(rider, id)).toMatchObject({ archivedMessages: 10 });
        expect(await history(rider)).toHaveLength(2);
      },
      30_000,
    );

    test("(hanging in the middle of a sync) has one read wait for it, and no other", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance(replicaOf(front, "3600"));
      const rider = await registerRider(app);
      await startRide(rider, { streamName: "ride" });
      await synced(app);
      const { hanging, release } = front.hangFromSync('insert into "workouts"');
      const gaps = measureGaps();
      const { id } = await startRide(rider);
      await hanging;
      // What has not come to the copy yet is not to be had.
      expect(await history(rider)).toHaveLength(1);
      for (let reading = 0; reading < 20; reading++) {
        expect(await timeOf(() => history(rider))).toBeLessThan(QUICK_MS);
        expect(await timeOf(() => sendBatch(rider, "ride", eachSecond(1)))).toBeLessThan(QUICK_MS);
        await Bun.sleep(10);
      }
      await until(async () => (await health(app)).primary === "disconnected", 2000);
      expect(gaps.longest()).toBeLessThan(LONGEST_GAP_MS);
      release();
      await startRide(rider);
      await until(async () => (await health(app)).status === "ok");
      expect(await getWorkout(rider, id)).toMatchObject({ status: "ACTIVE" });
      expect(await history(rider)).toHaveLength(3);
    }, 40_000);
  });

  describe.concurrent("whose primary is away", () => {
    test.each(["dead", "hanging"])(
      "(%s) is started with the copy of before",
      async (state) => {
        await using sqld = await startSqld();
        await using app = await startInstance(replicaOf(sqld));
        await register(app);
        const { accessToken: token } = await login(app);
        const rider = await registerRider(app);
        const { id } = await startRide(rider, { streamName: "ride" });
        await sendBatch(rider, "ride", eachSecond(10));
        await synced(app);
        if (state === "dead") await sqld.kill9();
        else await hang(sqld);
        expect(await timeOf(() => app.reopen())).toBeLessThan(LONGEST_START_MS + 2000);

        expect(await history(rider)).toMatchObject([{ id, status: "ACTIVE" }]);
        expect(await statusOf(app, { token })).toBe(200);
        expect(await health(app)).toMatchObject({
          status: "degraded",
          database: "connected",
          primary: "disconnected",
        });
        expect((await app.request("/readyz")).status).toBe(200);
        await sendBatch(rider, "ride", eachSecond(10, { power: 300 }, Date.UTC(2026, 5, 1, 11)));
        const json = { message: { power: 1 } };
        const posted = await app.request("/api/streams/own/messages", { method: "POST", json, token });
        expect(posted.ok).toBe(true);
        await Promise.all([
          expectUnavailable(rider.request(`/api/workouts/${id}/complete`, { method: "POST" })),
          expectUnavailable(post(app, "/api/auth/login", { email: "rider@example.org", password: PASSWORD })),
        ]);

        if (state === "dead") await sqld.restart();
        else sqld.resume();
        await until(async () => (await health(app)).status === "ok");
        expect(await complete(rider, id)).toMatchObject({ archivedMessages: 20 });
        expect(await history(rider)).toMatchObject([{ id, status: "COMPLETED" }]);
      },
      40_000,
    );

    test.each(["dead", "hanging"])(
      "(%s) is not started without a copy, and says why soon",
      async (state) => {
        await using sqld = await startSqld();
        if (state === "dead") await sqld.kill9();
        else await hang(sqld);
        const said = await refusalOf({ environment: replicaOf(sqld) });
        expect(said.trim()).toBe(
          `There is no replica of ${sqld.url} yet, and none can be made. The primary database cannot be reached.`,
        );
      },
      20_000,
    );

    test("is not started with a copy that lacks the schema of this program", async () => {
      await using sqld = await startSqld();
      const directory = await temporaryDirectory();
      const url = `file:${join(directory.path, "bpt.db")}`;
      const empty = await openReplica({ url }, primaryAt(sqld), createLogger("silent"));
      await closeClient(empty);
      await sqld.kill9();
      const said = await refusalOf({ directory: directory.path, environment: replicaOf(sqld) });
      expect(said).toStartWith(`There is no replica of ${sqld.url} yet, and none can be made.`);
      await sqld.restart();
      await using server = await startServer({ directory: directory.path, environment: replicaOf(sqld) });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      await server.kill9();
      await directory.remove();
    }, 20_000);

    test("lets the service stop, even in the middle of a sync", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using server = await startServer({ environment: replicaOf(front, "3600") });
      const rider = await registerByHttp(server);
      const { hanging, release } = front.hangFromSync();
      // It may be the registration's own sync that hangs, and the session then be in the primary alone.
      const { status } = await rider.request("/api/workouts", { method: "POST", json: {} });
      expect([201, 503]).toContain(status);
      await hanging;
      const began = performance.now();
      expect(await server.signal("SIGTERM")).toBe(0);
      // Without an end of its own the sync would hang for ten minutes; a busy machine takes its time.
      expect(performance.now() - began).toBeLessThan(20_000);
      release();
      await server.restart();
      expect((await rider.request("/api/workouts")).status).toBe(200);
    }, 60_000);

    test("(for a while) is in step soon after, though nobody writes and the interval is long", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance(replicaOf(sqld, "3600"));
      const rider = await registerRider(app);
      await sqld.kill9();
      await expectUnavailable(rider.request("/api/workouts", { method: "POST", json: {} }));
      await until(async () => (await health(app)).status === "degraded");
      await sqld.restart();
      await until(async () => (await health(app)).status === "ok", LONGEST_START_MS);
    }, 40_000);
  });

  describe.concurrent("has what was written read", () => {
    test("by waiting for the copy, which has it when the write is acknowledged", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance(replicaOf(front, "3600"));
      const rider = await registerRider(app);
      await synced(app);
      const delay = 300;
      front.interfere(async (request) => {
        if (isSync(request)) await Bun.sleep(delay);
        return undefined;
      });
      expect(await timeOf(() => startRide(rider))).toBeGreaterThan(delay);
      // A primary that goes away does then not take it along.
      front.interfere(() => undefined);
      await synced(app);
      await sqld.kill9();
      expect(await history(rider)).toHaveLength(1);
    }, 30_000);

    test("from a primary that answers everything but the question whether it is there", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance(replicaOf(front, "3600"));
      await register(app);
      await synced(app);
      const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
      front.interfere((request) => (isProbe(request) ? released : undefined));
      const { accessToken: token } = await login(app);
      expect((await post(app, "/api/workouts", { title: "new" }, token)).status).toBe(201);
      // For longer than two syncs take to give up, one that was under way and one for the last write.
      const end = performance.now() + 12_000;
      while (performance.now() < end) {
        forgetIdentities(app);
        const answer = await app.request("/api/workouts", { token });
        expect(await answer.json()).toMatchObject({ workouts: [{ title: "new" }] });
        await Bun.sleep(50);
      }
      expect(await health(app)).toMatchObject({ status: "degraded", primary: "disconnected" });
      release(undefined);
      await until(async () => (await health(app)).status === "ok", LONGEST_START_MS);
      expect(await statusOf(app, { token })).toBe(200);
    }, 60_000);

    test("or not at all: it is not denied while the copy lacks it and the primary is silent", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance(replicaOf(front, "3600"));
      const before = await registerRider(app);
      await startRide(before, { streamName: "ride" });
      await synced(app);
      await until(async () => (await health(app)).status === "ok");
      const { hanging, release } = front.hangFromSync("COMMIT");
      const registering = post(app, "/api/auth/register", { email: "new@example.org", password: PASSWORD });
      await hanging;
      const { accessToken: token } = (await (await registering).json()) as { accessToken: string };
      await expectUnavailable(app.request("/api/users/me", { token }));
      // Who rode before rides on.
      forgetIdentities(app);
      expect(await timeOf(() => sendBatch(before, "ride", eachSecond(5)))).toBeLessThan(QUICK_MS);
      expect(await history(before)).toHaveLength(1);
      release();
      await until(async () => (await statusOf(app, { token })) === 200);
      await until(async () => (await health(app)).status === "ok", LONGEST_START_MS);
      expect(await statusOf(app, { token })).toBe(200);
    }, 60_000);

    test("ends a session of which the copy knows nothing yet, when it is told to", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, replicaOf(sqld, "3600"));
      const [a, b] = instances.pair;
      const { accessToken } = await register(a);
      await synced(b);
      const { refreshToken } = await login(a);
      expect((await post(b, "/api/auth/logout", { refreshToken }, accessToken)).status).toBe(204);
      expect((await post(a, "/api/auth/refresh", { refreshToken })).status).toBe(401);
    });
  });

  test("that cannot be synced reads what it has written from its primary, and tells that it is not in step", async () => {
    await using sqld = await startSqld();
    using front = startFront(sqld.url);
    await using app = await startInstance(replicaOf(front));
    const rider = await registerRider(app);
    await synced(app);
    expect(await health(app)).toMatchObject({ status: "ok", primary: "connected" });
    front.interfere((request) => (isSync(request) ? new Response("No.", { status: 500 }) : undefined));
    const { id } = await startRide(rider);
    await until(async () => (await health(app)).primary === "disconnected");
    expect(await getWorkout(rider, id)).toMatchObject({ id });
    expect(await finishedRide(rider, eachSecond(5))).toMatchObject({ status: "COMPLETED" });
    expect(await history(rider)).toHaveLength(2);
    front.interfere(() => undefined);
    await until(async () => (await health(app)).status === "ok");
    await sqld.kill9();
    expect(await history(rider)).toHaveLength(2);
  }, 30_000);

  test("keeps health steady while it is in step, however often it syncs", async () => {
    await using sqld = await startSqld();
    await using app = await startInstance(replicaOf(sqld, "0.01"));
    const rider = await registerRider(app);
    await synced(app);
    for (let ride = 0; ride < 20; ride++) {
      const [{ status }] = await Promise.all([health(app), startRide(rider)]);
      expect(status).toBe("ok");
    }
  });

  test("is not made of a database of its own, which stays as it is", async () => {
    await using sqld = await startSqld();
    await using server = await startServer();
    await registerByHttp(server);
    await server.signal("SIGTERM");
    const { directory } = server;
    const said = await refusalOf({ directory, environment: replicaOf(sqld) });
    expect(said).toStartWith(`${join(directory, "bpt.db")} is a database of its own and no replica.`);
    const client = await openClient({ url: `file:${join(directory, "bpt.db")}` });
    expect((await client.execute("SELECT email FROM users")).rows).toMatchObject([
      { email: "rider@example.org" },
    ]);
    client.close();
  });

  test("is refused when its primary is of a newer version, and a token that is refused is not shown", async () => {
    await using sqld = await startSqld();
    using front = startFront(sqld.url);
    const directory = await temporaryDirectory();
    const token = "let-me-in-5ab4c";
    const options = {
      directory: directory.path,
      environment: { ...replicaOf(front), DATABASE_AUTH_TOKEN: token },
    };
    front.interfere(() => new Response("No.", { status: 401 }));
    const refused = await refusalOf(options);
    expect(refused).toMatch(/^There is no replica of .* none can be made\. .*Unauthorized/);
    expect(refused).not.toContain(token);
    front.interfere(() => undefined);
    await using app = await startInstance(replicaOf(sqld));
    await app.deps.database.run(
      sql`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', 9999999999999)`,
    );
    expect(await refusalOf(options)).toContain("written by a newer version of this program");
    await directory.remove();
  }, 20_000);

  test("comes to hold everything of its primary, whatever is written meanwhile, and is whole", async () => {
    await using sqld = await startSqld();
    await using app = await startInstance(replicaOf(sqld, "0.05"));
    const rider = await registerRider(app);
    const primary = await openRemote(sqld.url, undefined);
    await primary.execute("CREATE TABLE ballast (id INTEGER PRIMARY KEY, data BLOB) STRICT");
    const gaps = measureGaps();
    let stopped = false;
    const writing = (async () => {
      for (let index = 0; !stopped; index++) {
        await primary.execute("INSERT INTO ballast (data) VALUES (randomblob(20000))");
        await Bun.sleep(5);
        if (index % 10 === 9) await primary.execute("DELETE FROM ballast WHERE id % 2 = 0");
      }
    })();
    for (let ride = 0; ride < 20; ride++) {
      const { id } = await startRide(rider);
      expect(await getWorkout(rider, id)).toMatchObject({ id });
    }
    stopped = true;
    await writing;
    expect(gaps.longest()).toBeLessThan(LONGEST_GAP_MS);
    // A primary that is folding much of its log refuses to sync for some seconds.
    await until(
      () =>
        synced(app).then(
          () => true,
          () => false,
        ),
      LONGEST_START_MS,
    );
    const copy = await openClient({
      url: app.deps.config.databaseUrl,
      readOnly: true,
    });
    const sums = "SELECT count(*) AS n, sum(id) AS ids, sum(length(data)) AS length FROM ballast";
    expect({ ...(await copy.execute(sums)).rows[0] }).toEqual({ ...(await primary.execute(sums)).rows[0] });
    expect((await copy.execute("PRAGMA integrity_check")).rows).toMatchObject([{ integrity_check: "ok" }]);
    copy.close();
    primary.close();
    expect(await app.deps.database.select().from(workouts)).toHaveLength(20);
  }, 60_000);
});

function primaryAt({ url }: { url: string }) {
  return { syncUrl: url, syncSeconds: 3600 };
}

/** So that who asks is looked up again, which else is done once a minute. */
function forgetIdentities({ deps }: TestApp): void {
  deps.authenticator.forget(() => true);
}

/** Resolves when the copy has all that the primary has. */
async function synced(app: TestApp): Promise<void> {
  await app.deps.database.$client.sync();
}

async function health(app: TestApp): Promise<{ status: string; database: string; primary: string }> {
  return (await (await app.request("/health")).json()) as Awaited<ReturnType<typeof health>>;
}

function userRow(id: string): typeof users.$inferInsert {
  return { id, email: `${id}@example.org`, createdAt: new Date(1), updatedAt: new Date(1) };
}

/** How long the event loop of this process, which the service runs in, did not turn; in ms. */
function measureGaps(): { longest(): number } {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  return {
    longest() {
      clearInterval(timer);
      return longest;
    },
  };
}
