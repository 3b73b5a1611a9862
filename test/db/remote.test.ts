import { describe, expect, test } from "bun:test";
import { count, sql } from "drizzle-orm";
import { createApp } from "../../src/app.ts";
import type { Database } from "../../src/db/database.ts";
import { isStoreFailure, isUniqueViolation } from "../../src/db/errors.ts";
import { secrets, telemetry, users, workouts } from "../../src/db/schema.ts";
import { findTelemetry, saveTelemetry } from "../../src/features/workouts/repository.ts";
import {
  createKey,
  EMAIL,
  listKeys,
  login,
  PASSWORD,
  post,
  register,
  statusOf,
} from "../features/accounts/accounts.ts";
import { recordsOf, setFtp } from "../features/analysis/analysis.ts";
import { append, sendBatch, streamNames } from "../features/streams/streams.ts";
import {
  complete,
  eachSecond,
  finishedRide,
  history,
  startRide,
  summaryOf,
  telemetryOf,
} from "../features/workouts/rides.ts";
import { registerRider } from "../support/accounts.ts";
import type { TestApp } from "../support/app.ts";
import { describeWithSqld, startSqld } from "../support/sqld.ts";
import { refusalOf, startInstance, startInstances } from "./instances.ts";

describeWithSqld("a remote database", () => {
  describe("does what a file does", () => {
    test("for an account, from registration to deletion", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const { user } = await register(app);
      const { accessToken } = await login(app);
      const { key: apiKey, name } = await createKey(app, accessToken);
      expect(await statusOf(app, { apiKey })).toBe(200);
      const [listed] = await listKeys(app, accessToken);
      expect(listed).toMatchObject({ name, lastUsedAt: new Date(app.clock.time).toISOString() });
      const change = { settings: { weight: 70.5, name: "Zoë ⚡" } };
      expect(await changeProfile(app, accessToken, change)).toMatchObject({ id: user.id, ...change });

      const deletion = await app.request("/api/users/me", { method: "DELETE", token: accessToken });
      expect(deletion.status).toBe(204);
      expect(await statusOf(app, { token: accessToken })).toBe(401);
      expect(await statusOf(app, { apiKey })).toBe(401);
      expect((await post(app, "/api/auth/login", { email: EMAIL, password: PASSWORD })).status).toBe(401);
      expect(await rowsOf(app.deps.database)).toEqual({ users: 0, api_keys: 0, refresh_tokens: 0 });
    });

    test("for a ride, from its start to its records, and when the FTP changes", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const rider = await registerRider(app);
      const other = await registerRider(app);
      const samples = eachSecond(90, { power: 200, heartrate: 120.5 });
      const { id, streamName } = await startRide(rider, { title: "Höhenweg" });
      const [first, ...rest] = samples;
      await append(rider, streamName, first ?? {});
      await sendBatch(rider, streamName, rest);
      const completed = await complete(rider, id);
      expect(completed).toMatchObject({ archivedMessages: 90, workout: { status: "COMPLETED" } });
      expect(completed.newRecords.length).toBeGreaterThan(0);
      expect(await telemetryOf(rider, id)).toEqual(samples);
      expect(await history(rider)).toMatchObject([{ id, title: "Höhenweg", summary: { avgPower: 200 } }]);
      expect(await recordsOf(rider)).toEqual(completed.newRecords);
      expect(await streamNames(rider)).toEqual([]);
      expect(await history(other)).toEqual([]);

      expect((await summaryOf(rider, id))?.ftp).toBeNull();
      expect(await setFtp(rider, 250, "2026-01-01")).toMatchObject({
        rederiving: { rides: 1, remaining: 0 },
      });
      expect(await summaryOf(rider, id)).toMatchObject({ ftp: 250, sampleCount: 90 });

      await rider.send("DELETE", `/api/workouts/${id}?permanent=true`);
      expect(await app.deps.database.select().from(telemetry)).toEqual([]);
      expect(await recordsOf(rider)).toEqual([]);
    });

    test("for bytes of every kind", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const rider = await registerRider(app);
      const { id } = await startRide(rider);
      const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) % 256);
      await saveTelemetry(app.deps.database, id, bytes);
      const found = await findTelemetry(app.deps.database, id);
      expect(Buffer.compare(found ?? new Uint8Array(), bytes)).toBe(0);
    });
  });

  describe("refuses what breaks a rule", () => {
    test("a taken address, however it is written, and however many ask at once", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      await register(a, "first@example.org");
      const again = await post(b, "/api/auth/register", { email: "First@Example.org", password: PASSWORD });
      expect({ status: again.status, ...((await again.json()) as object) }).toMatchObject({
        status: 409,
        code: "email_taken",
      });
      const attempts = await Promise.all(
        [a, b, a, b].map((app) =>
          post(app, "/api/auth/register", { email: "new@example.org", password: PASSWORD }),
        ),
      );
      expect(attempts.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    });

    test("a stream that another ride records into, on whichever instance", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      const rider = await registerRider(a);
      const start = (app: typeof a) =>
        app.request("/api/workouts", { method: "POST", json: { streamName: "ride" }, apiKey: rider.apiKey });
      const answers = await Promise.all([a, b, a, b, a, b].map(start));
      const refused = answers.filter(({ ok }) => !ok);
      expect(refused.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409]);
      for (const response of refused) expect(await response.json()).toMatchObject({ code: "stream_in_use" });
    });

    test("and tells one rule from another, and a mistake of ours from a failure of the server", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      const { database } = app.deps;
      await registerRider(app, "taken@example.org");
      const refusalOf = (statement: string) => database.run(sql.raw(statement)).then(() => undefined, kindOf);
      const kindOf = (error: unknown) => ({ unique: isUniqueViolation(error), store: isStoreFailure(error) });
      const user = (id: string, email: string) =>
        `INSERT INTO users (id, email, created_at, updated_at) VALUES (${id}, ${email}, 1, 1)`;
      expect(await refusalOf(user("'u'", "'Taken@example.org'"))).toEqual({ unique: true, store: false });
      await database.run(sql.raw(user("'u'", "'u'")));
      expect(await refusalOf(user("'u'", "'v'"))).toEqual({ unique: true, store: false });
      const others = [
        user("'v'", "NULL"),
        "INSERT INTO ftp_history (id, user_id, ftp, effective_from, created_at) VALUES ('f', 'u', 0, 1, 1)",
        "INSERT INTO ftp_history (id, user_id, ftp, effective_from, created_at) VALUES ('f', 'nobody', 1, 1, 1)",
        "INSERT INTO leases (name, holder, expires_at) VALUES ('UNIQUE', 'h', 'UNIQUE constraint')",
        "SELECT 1 FROM no_such_table",
        "SELEKT 1",
      ];
      for (const statement of others)
        expect(await refusalOf(statement)).toEqual({ unique: false, store: false });
    });
  });

  describe("has transactions", () => {
    test("that leave nothing when they fail, and of which others see nothing before", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      const seen: number[] = [];
      const failing = a.deps.database.transaction(async (tx) => {
        await tx.insert(users).values([userRow("u"), userRow("v")]);
        seen.push((await tx.select().from(users)).length);
        seen.push(await countUsers(b.deps.database));
        await tx.insert(users).values(userRow("u"));
      });
      expect(isUniqueViolation(await failing.catch((error: unknown) => error))).toBe(true);
      seen.push(await countUsers(a.deps.database));
      await b.deps.database.transaction(async (tx) => {
        await tx.insert(users).values([userRow("u"), userRow("v")]);
      });
      seen.push(await countUsers(a.deps.database));
      expect(seen).toEqual([2, 0, 0, 2]);
    });

    test("that come one after another, on however many instances they are begun at once", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      const databases = [a.deps.database, b.deps.database];
      await a.deps.database.insert(users).values({ ...userRow("u"), settings: { counter: 0 } });
      const increment = (database: Database) =>
        database.transaction(async (tx) => {
          const [row] = await tx.select({ settings: users.settings }).from(users);
          await tx.update(users).set({ settings: { counter: Number(row?.settings.counter) + 1 } });
        });
      await Promise.all(
        databases.flatMap((database) => Array.from({ length: 15 }, () => increment(database))),
      );
      expect(await a.deps.database.select({ settings: users.settings }).from(users)).toEqual([
        { settings: { counter: 30 } },
      ]);
    });

    test("so that two instances that complete a ride at once give one result", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      const rider = await registerRider(a);
      // All see the same live data, as they do with Redis.
      const { buffer, hub } = a.deps;
      const later = () => b.clock.time + 5000;
      const apps = [a.deps, b.deps, { ...b.deps, now: later }].map((deps) =>
        createApp({ ...deps, buffer, hub }),
      );
      for (let seconds = 20; seconds < 25; seconds++) {
        const { id, streamName } = await startRide(rider);
        await sendBatch(rider, streamName, eachSecond(seconds));
        const path = `/api/workouts/${id}/complete`;
        const init = { method: "POST", headers: { "X-API-Key": rider.apiKey } };
        const answers = await Promise.all(apps.map(async (app) => app.request(path, init)));
        const [first, ...others] = await Promise.all(answers.map((answer) => answer.json()));
        expect(first).toMatchObject({ archivedMessages: seconds, workout: { status: "COMPLETED" } });
        expect(others).toEqual([first, first]);
        expect(await telemetryOf(rider, id)).toEqual(eachSecond(seconds));
      }
      expect(await a.deps.database.select({ rows: count() }).from(telemetry)).toEqual([{ rows: 5 }]);
    });
  });

  describe("of several instances", () => {
    test.each([2, 5])("%d that start at once: its schema is made once, and all serve", async (number) => {
      await using sqld = await startSqld();
      await using instances = await startInstances(number, { DATABASE_URL: sqld.url });
      const [first] = instances.all;
      const applied = await first?.deps.database.all(sql`SELECT hash FROM __drizzle_migrations`);
      expect(applied).toHaveLength((await migrationTags()).length);
      const riders = await Promise.all(instances.all.map((app) => registerRider(app)));
      for (const rider of riders)
        expect(await finishedRide(rider, eachSecond(5))).toMatchObject({ duration: 5 });
      for (const app of instances.all) {
        expect(await (await app.request("/health")).json()).toMatchObject({ status: "ok" });
        expect(await app.deps.database.select({ rows: count() }).from(workouts)).toEqual([{ rows: number }]);
      }
    });

    test("one that is older than the database is refused", async () => {
      await using sqld = await startSqld();
      await using app = await startInstance({ DATABASE_URL: sqld.url });
      await app.deps.database.run(
        sql`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', 9999999999999)`,
      );
      const said = await refusalOf({ environment: { DATABASE_URL: sqld.url } });
      expect(said).toContain("The database was written by a newer version of this program.");
    });

    test("each takes the access tokens of the others", async () => {
      await using sqld = await startSqld();
      await using instances = await startInstances(2, { DATABASE_URL: sqld.url });
      const [a, b] = instances.pair;
      const { accessToken: token } = await register(a);
      expect(await statusOf(b, { token })).toBe(200);
      const { accessToken: second } = await login(b);
      expect(await statusOf(a, { token: second })).toBe(200);
      await using later = await startInstance({ DATABASE_URL: sqld.url });
      expect(await statusOf(later, { token })).toBe(200);
    });

    test("JWT_SECRET is what counts where it is set", async () => {
      await using sqld = await startSqld();
      const own = { DATABASE_URL: sqld.url, JWT_SECRET: "s".repeat(40) };
      await using instances = await startInstances(2, own);
      const [a, b] = instances.pair;
      const { accessToken: token } = await register(a);
      expect(await statusOf(b, { token })).toBe(200);
      expect(await a.deps.database.select().from(secrets)).toEqual([]);
      await using other = await startInstance({ DATABASE_URL: sqld.url });
      expect(await statusOf(other, { token })).toBe(401);
      expect(await statusOf(a, { token: (await login(other)).accessToken })).toBe(401);
    });
  });
});

async function changeProfile(app: TestApp, token: string, json: object): Promise<unknown> {
  const response = await app.request("/api/users/me", { method: "PATCH", token, json });
  return ((await response.json()) as { user?: unknown }).user ?? {};
}

async function rowsOf(database: Database): Promise<Record<string, number>> {
  const [rows] = await database.all<Record<string, number>>(sql`
    SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM api_keys) AS api_keys,
           (SELECT count(*) FROM refresh_tokens) AS refresh_tokens`);
  return rows ?? {};
}

function userRow(id: string): typeof users.$inferInsert {
  return { id, email: `${id}@example.org`, createdAt: new Date(1), updatedAt: new Date(1) };
}

async function countUsers(database: Database): Promise<number> {
  return (await database.select().from(users)).length;
}

async function migrationTags(): Promise<string[]> {
  const journal = Bun.file(new URL("../../drizzle/meta/_journal.json", import.meta.url));
  const { entries } = (await journal.json()) as { entries: { tag: string }[] };
  return entries.map(({ tag }) => tag);
}
