import { describe, expect, test } from "bun:test";
import { isStoreFailure } from "../../src/db/errors.ts";
import { openRemote } from "../../src/db/remote.ts";
import { users, workouts } from "../../src/db/schema.ts";
import { register, statusOf } from "../features/accounts/accounts.ts";
import { sendBatch } from "../features/streams/streams.ts";
import {
  complete,
  eachSecond,
  finishedRide,
  getWorkout,
  history,
  startRide,
  telemetryOf,
} from "../features/workouts/rides.ts";
import { type Rider, registerRider } from "../support/accounts.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { spawnService, startServer } from "../support/server.ts";
import { describeWithSqld, startSqld } from "../support/sqld.ts";
import { brokenOff, startFront } from "./front.ts";
import {
  expectUnavailable,
  hang,
  LONGEST_ANSWER_MS,
  readLog,
  refusalOf,
  startInstance,
  startInstances,
  timeOf,
  until,
} from "./instances.ts";

describeWithSqld("a remote database", () => {
  describe("that is away", () => {
    test("makes calls fail until it is back, and loses nothing that it has acknowledged", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const rider = await registerRider(app);
      const acknowledged: string[] = [];
      const statuses = new Set<number>();
      let stopped = false;
      const startRides = async (name: string) => {
        for (let index = 0; !stopped; index++) {
          const json = { streamName: `${name}-${index}` };
          const response = await rider.request("/api/workouts", { method: "POST", json });
          statuses.add(response.status);
          if (response.ok) acknowledged.push(json.streamName);
          else await expectUnavailable(response);
          await Bun.sleep(5);
        }
      };
      const starting = ["a", "b", "c"].map(startRides);
      for (let kill = 0; kill < 3; kill++) {
        const before = acknowledged.length;
        await until(() => acknowledged.length > before + 10);
        statuses.clear();
        await sqld.kill9();
        await until(() => statuses.has(503));
        await sqld.restart();
      }
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 10);
      stopped = true;
      await Promise.all(starting);
      const rows = await app.deps.database.select({ name: workouts.streamName }).from(workouts);
      expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(acknowledged));
    }, 30_000);

    test("does not keep samples from being posted", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const rider = await registerRider(app);
      const { id } = await startRide(rider, { streamName: "ride" });
      const { accessToken } = await register(app);
      expect(await statusOf(app, { token: accessToken })).toBe(200);
      await sqld.kill9();
      await sendBatch(rider, "ride", eachSecond(30));
      const json = { message: { power: 1 } };
      const path = "/api/streams/other/messages";
      expect((await app.request(path, { method: "POST", json, token: accessToken })).ok).toBe(true);
      await expectUnavailable(rider.request(`/api/workouts/${id}/complete`, { method: "POST" }));
      await sqld.restart();
      expect(await getWorkout(rider, id)).toMatchObject({ status: "ACTIVE" });
      expect(await complete(rider, id)).toMatchObject({ archivedMessages: 30 });
      expect(await telemetryOf(rider, id)).toEqual(eachSecond(30));
    });
  });

  describe.concurrent("at the start of a service", () => {
    test("is waited for, which is told once", async () => {
      await using sqld = await startSqld();
      await sqld.kill9();
      const directory = await temporaryDirectory();
      const service = spawnService({ DATA_DIR: directory.path, DATABASE_URL: sqld.url, PORT: "0" });
      const log = readLog(service.stdout);
      await until(() => log.text.includes("waiting for the database"));
      await Bun.sleep(1000);
      // What is slow later on is logged as a statement.
      expect(log.text).not.toMatch(/select/i);
      await sqld.restart();
      await until(() => log.text.includes('"url"'));
      expect(log.text.match(/waiting for the database/g)).toHaveLength(1);
      service.kill("SIGTERM");
      expect(await service.exited).toBe(0);
      await directory.remove();
    }, 30_000);

    test("is waited for half a minute at most, and by a command not at all", async () => {
      await using sqld = await startSqld();
      await sqld.kill9();
      const directory = await temporaryDirectory();
      const environment = { DATA_DIR: directory.path, DATABASE_URL: sqld.url };
      const sentence = `The database cannot be used. REMOTE_UNREACHABLE: The database server at ${new URL(sqld.url).host} cannot be reached.`;
      const began = performance.now();
      const command = Bun.spawn([process.execPath, "--no-env-file", "src/main.ts", "recompute"], {
        cwd: `${import.meta.dir}/../..`,
        env: { PATH: process.env.PATH, ...environment },
        stderr: "pipe",
      });
      expect(await command.exited).toBe(1);
      expect((await command.stderr.text()).trim()).toBe(sentence);
      expect(performance.now() - began).toBeLessThan(LONGEST_ANSWER_MS);

      const service = spawnService({ ...environment, PORT: "0" });
      expect(await service.exited).toBe(1);
      expect((await service.stderr.text()).trim()).toBe(sentence);
      expect(performance.now() - began).toBeGreaterThan(25_000);
      await directory.remove();
    }, 90_000);

    test.each([
      [
        "refuses the token",
        () => new Response("No.", { status: 401 }),
        /refuses the token \(HTTP status 401\)/,
      ],
      [
        "forbids it",
        () => Response.json({ error: "No." }, { status: 403 }),
        /refuses the token \(HTTP status 403\)/,
      ],
      [
        "has no such database",
        () => new Response("?", { status: 404 }),
        /is no database \(HTTP status 404\)/,
      ],
      [
        "is a web site",
        () => new Response("<h1>", { headers: { "Content-Type": "text/html" } }),
        /is no database/,
      ],
    ] as const)(
      "is not waited for where the server %s",
      async (_, answer, sentence) => {
        using front = startFront("http://127.0.0.1:1");
        front.interfere(answer);
        const said = await refusalOf({ environment: { DATABASE_URL: front.url } });
        expect(said).toMatch(/^The database cannot be used\./);
        expect(said).toMatch(sentence);
      },
      20_000,
    );

    test("is not waited for at a name that is not known, or where there is no TLS", async () => {
      using front = startFront("http://127.0.0.1:1");
      const unknown = await refusalOf({ environment: { DATABASE_URL: "libsql://database.invalid" } });
      expect(unknown).toContain("name database.invalid is not known.");
      const { host } = new URL(front.url);
      const plain = await refusalOf({ environment: { DATABASE_URL: `libsql://${host}` } });
      expect(plain).toContain(`There is no TLS with the database server at ${host}.`);
    }, 30_000);
  });

  describe.concurrent("that hangs", () => {
    test("keeps no call waiting for long, however many there are, and answers again by itself", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const rider = await registerRider(app);
      await startRide(rider, { streamName: "ride" });
      await hang(sqld);
      const calls: [string, string, object?][] = [
        ["GET", "/api/workouts"],
        ["POST", "/api/workouts", {}],
        ["GET", "/api/records"],
        ["PUT", "/api/users/me/ftp", { ftp: 250 }],
        ["PATCH", "/api/users/me", { displayName: "Somebody" }],
      ];
      const health = app.request("/health");
      const waits = await Promise.all(
        Array.from({ length: 150 }, (_, index) => {
          const [method, path, json] = calls[index % calls.length] ?? [];
          return timeOf(async () =>
            expectUnavailable(
              rider.request(path ?? "", { ...(method && { method }), ...(json && { json }) }),
            ),
          );
        }),
      );
      expect(Math.max(...waits)).toBeLessThan(LONGEST_ANSWER_MS);
      expect(await (await health).json()).toMatchObject({ status: "degraded", database: "disconnected" });
      sqld.resume();
      await until(async () => (await rider.request("/api/workouts")).ok);
      await until(async () => (await rider.request("/api/workouts", { method: "POST", json: {} })).ok);
    }, 30_000);

    test("in the middle of a transaction leaves nothing of it, and holds nobody else up for long", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      const waited = await timeOf(() =>
        a.deps.database.transaction(async (tx) => {
          await tx.insert(users).values(userRow("u"));
          await hang(sqld);
          await tx.insert(users).values(userRow("v"));
        }),
      );
      expect(waited).toBeLessThan(LONGEST_ANSWER_MS);
      sqld.resume();
      const rider = await untilRegistered(b);
      expect((await rider.request("/api/workouts", { method: "POST", json: {} })).status).toBe(201);
      expect(await b.deps.database.select({ id: users.id }).from(users)).toEqual([{ id: rider.userId }]);
    }, 30_000);

    test("now and then gives up a transaction as a whole after five seconds, and leaves nothing of it", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance({ DATABASE_URL: front.url });
      const { database } = app.deps;
      front.interfere(async () => {
        await Bun.sleep(2000);
        return undefined;
      });
      const failing: Promise<unknown> = database
        .transaction(async (tx) => {
          for (let user = 0; user < 10; user++) await tx.insert(users).values(userRow(`u${user}`));
        })
        .catch((error) => error);
      expect(await timeOf(() => failing)).toBeLessThan(LONGEST_ANSWER_MS);
      expect(isStoreFailure(await failing)).toBe(true);
      front.interfere(() => undefined);
      // The server learns of it, and lets the next one in.
      await until(
        () =>
          database
            .insert(users)
            .values(userRow("v"))
            .then(
              () => true,
              () => false,
            ),
        20_000,
      );
      expect(await database.select({ id: users.id }).from(users)).toEqual([{ id: "v" }]);
    }, 30_000);

    test("lets a migration take longer, and nothing else", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      let migrations = 0;
      front.interfere(async (request) => {
        const text = await request.clone().text();
        if (!text.includes("CREATE TABLE `workouts`")) return undefined;
        migrations += 1;
        await Bun.sleep(LONGEST_ANSWER_MS);
        return undefined;
      });
      await using app = await startInstance({ DATABASE_URL: front.url });
      expect(migrations).toBe(1);
      front.interfere(async () => {
        await Bun.sleep(LONGEST_ANSWER_MS);
        return undefined;
      });
      const failing = app.deps.database.select().from(users);
      expect(await timeOf(() => failing.catch(() => {}))).toBeLessThan(LONGEST_ANSWER_MS);
    }, 60_000);

    test("makes no transaction wait for its turn for longer than it may take", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      await hang(sqld);
      const inserting = Array.from({ length: 100 }, (_, user) =>
        timeOf(() => app.deps.database.transaction((tx) => tx.insert(users).values(userRow(`u${user}`)))),
      );
      expect(Math.max(...(await Promise.all(inserting)))).toBeLessThan(LONGEST_ANSWER_MS);
      sqld.resume();
      await untilRegistered(app);
    }, 30_000);

    test("leaves requests to others, however many calls wait for it", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance({ DATABASE_URL: front.url });
      const { database } = app.deps;
      let underWay = 0;
      const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
      front.interfere(() => {
        underWay += 1;
        return released;
      });
      const reading = Array.from({ length: 300 }, () => database.select().from(users).execute());
      const writing = Array.from({ length: 100 }, (_, user) =>
        database.transaction((tx) => tx.insert(users).values(userRow(`u${user}`))),
      );
      const settled = Promise.allSettled([...reading, ...writing]);
      await until(() => underWay >= 96);
      expect(underWay).toBe(96);
      release(undefined);
      await settled;
    }, 30_000);

    test("in a commit leaves all of the transaction or nothing, and nobody is told that it was done", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const committing = app.deps.database.transaction(async (tx) => {
        await tx.insert(users).values(userRow("u"));
        await tx.insert(users).values(userRow("v"));
        await hang(sqld);
      });
      expect(isStoreFailure(await committing.catch((error: unknown) => error))).toBe(true);
      sqld.resume();
      const rider = await untilRegistered(app);
      const stored = (await app.deps.database.select({ id: users.id }).from(users)).map(({ id }) => id);
      expect([[], ["u", "v"]]).toContainEqual(stored.filter((id) => id !== rider.userId).sort());
    }, 30_000);

    test("in an answer, or has a proxy in front that gives one of its own, is one that is away", async () => {
      await using sqld = await startSqld();
      using front = startFront(sqld.url);
      await using app = await startInstance({ DATABASE_URL: front.url });
      const rider = await registerRider(app);
      expect(await history(rider)).toEqual([]);
      const html = { "Content-Type": "text/html" };
      const answers = [
        () =>
          new Response('{"error":"Unauthorized"}', {
            status: 401,
            headers: { "Content-Type": "application/json" },
          }),
        () => new Response("<h1>Bad gateway</h1>", { status: 502, headers: html }),
        () => new Response("<h1>Welcome</h1>", { headers: html }),
        () => new Response(null, { status: 302, headers: { Location: `${front.url}/elsewhere` } }),
        brokenOff,
      ];
      for (const answer of answers) {
        front.interfere(answer);
        const reading = rider.request("/api/workouts");
        const writing = rider.request("/api/workouts", { method: "POST", json: {} });
        await Promise.all([expectUnavailable(reading), expectUnavailable(writing)]);
      }
      front.interfere(() => undefined);
      expect(await finishedRide(rider, [])).toMatchObject({ status: "COMPLETED" });
    }, 30_000);

    test("lets the service stop all the same", async () => {
      await using sqld = await startSqld();
      await using server = await startServer({ environment: { DATABASE_URL: sqld.url } });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      await hang(sqld);
      const asking = fetch(`${server.url}/health`).catch(() => {});
      const began = performance.now();
      expect(await server.signal("SIGTERM")).toBe(0);
      expect(performance.now() - began).toBeLessThan(15_000);
      await asking;
    }, 20_000);
  });

  test("that refuses the token is told of in the log, without the token", async () => {
    await using sqld = await startSqld();
    using front = startFront(sqld.url);
    const directory = await temporaryDirectory();
    let token = "let-me-in-5ab4c";
    front.interfere(({ headers }) =>
      headers.get("Authorization") === `Bearer ${token}` ? undefined : new Response("No.", { status: 401 }),
    );
    const environment = {
      DATA_DIR: directory.path,
      DATABASE_URL: front.url,
      DATABASE_AUTH_TOKEN: token,
      PORT: "0",
    };
    const service = spawnService(environment);
    const log = readLog(service.stdout);
    await until(() => log.text.includes('"url"'));
    const url = /"url":"(http[^"]+)"/.exec(log.text)?.[1];
    const login = () =>
      fetch(`${url}/api/auth/login`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email: "rider@example.org", password: "my very own password" }),
      });
    expect((await login()).status).toBe(401);
    token = "another";
    await expectUnavailable(login());
    service.kill("SIGTERM");
    expect(await service.exited).toBe(0);
    await until(() => log.text.includes("HTTP status 401"));
    for (const secret of [environment.DATABASE_AUTH_TOKEN, "my very own password", "rider@example.org"])
      expect(log.text).not.toContain(secret);

    const again = spawnService(environment);
    expect(await again.exited).toBe(1);
    const message = await again.stderr.text();
    expect(message).toMatch(/^The database cannot be used\..*401/);
    expect(message).not.toContain(environment.DATABASE_AUTH_TOKEN);
    await directory.remove();
  }, 20_000);

  test("is opened by a client that can be closed with requests under way, and opened again", async () => {
    await using sqld = await startSqld();
    const client = await openRemote(sqld.url, undefined);
    await client.execute("SELECT 1");
    await hang(sqld);
    const transaction = await client.transaction();
    const asking = Promise.allSettled([client.execute("SELECT 2"), transaction.execute("SELECT 3")]);
    client.close();
    expect(await timeOf(() => asking)).toBeLessThan(3000);
    sqld.resume();
    await client.reconnect();
    expect((await client.execute("SELECT 4 AS four")).rows).toMatchObject([{ four: 4 }]);
    client.close();
  }, 20_000);
});

function userRow(id: string): typeof users.$inferInsert {
  return { id, email: `${id}@example.org`, createdAt: new Date(1), updatedAt: new Date(1) };
}

/** Registers as soon as the database takes it. */
async function untilRegistered(app: Parameters<typeof registerRider>[0]): Promise<Rider> {
  let rider: Rider | undefined;
  await until(async () => {
    rider = await registerRider(app).catch(() => undefined);
    return rider !== undefined;
  });
  if (!rider) throw new Error("Nobody could be registered.");
  return rider;
}
