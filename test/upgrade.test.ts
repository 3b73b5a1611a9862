import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { restoreBackup } from "../src/backup/restore.ts";
import { parseConfig } from "../src/config.ts";
import { workouts } from "../src/db/schema.ts";
import { formatDay } from "../src/domain/calendar.ts";
import { DEFINITIONS_VERSION } from "../src/domain/summary.ts";
import { countStale } from "../src/features/workouts/stale.ts";
import { login, post, statusOf } from "./features/accounts/accounts.ts";
import { recordsOf } from "./features/analysis/analysis.ts";
import { importUser } from "./features/portability/archives.ts";
import { listStreams } from "./features/streams/streams.ts";
import { change, complete, getWorkout, history, telemetryOf } from "./features/workouts/rides.ts";
import { type Fixture, hashOf } from "./fixtures/what-is-in-it.ts";
import type { Rider } from "./support/accounts.ts";
import { createTestApp, type TestApp } from "./support/app.ts";
import { temporaryDirectory } from "./support/directory.ts";

setDefaultTimeout(30_000);

const FOLDER = join(import.meta.dir, "fixtures/0.1.0");

const fixture = (await Bun.file(join(FOLDER, "fixture.json")).json()) as Fixture;
const rideCalled = (title: string) => {
  const ride = fixture.rides.find((ride) => ride.title === title);
  if (!ride) throw new Error(`There is no ride ${title}`);
  return ride;
};

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  temporary = await temporaryDirectory();
});
afterEach(() => temporary.remove());

/** The service, a minute after the fixture was made. */
function openAt(directory: string): Promise<TestApp> {
  return createTestApp({ DATA_DIR: directory, BACKUP_SCHEDULE: "off" }, fixture.madeAt + 60_000);
}

/** The fixture's rider, by the key that was made then or by a token. */
function riderOf(app: TestApp, credentials: { apiKey?: string; token?: string } = fixture): Rider {
  const { apiKey = "", token } = credentials;
  const request: Rider["request"] = async (path, init) =>
    app.request(path, { ...(token === undefined ? { apiKey } : { token }), ...init });
  const ok = async <Body>(path: string, init?: Parameters<Rider["request"]>[1]) => {
    const response = await request(path, init);
    if (!response.ok) throw new Error(`${path} → ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
  return {
    userId: fixture.userId,
    apiKey,
    request,
    ok,
    send: (method, path, json) => ok(path, { method, ...(json !== undefined && { json }) }),
    refused: () => Promise.reject(new Error("Nothing is refused here")),
  };
}

async function describeRide(rider: Rider, id: string) {
  const { title, sport, status, summary } = await getWorkout(rider, id);
  const samples = await telemetryOf(rider, id);
  return {
    ...{ id, title, sport, status, hasSummary: summary !== null },
    samples: samples.length,
    hash: hashOf(samples),
  };
}

/** Every ride with samples is made by the definitions of this version, and every finished one has its summary. */
async function expectDerived({ deps }: TestApp, rider: Rider): Promise<void> {
  const { database, rederivation } = deps;
  // Those of earlier definitions are only looked for before the first run.
  do await rederivation.run(fixture.userId);
  while ((await countStale(database, fixture.userId)) > 0);
  const rows = await database.select().from(workouts).where(eq(workouts.userId, fixture.userId));
  const finished = rows.filter(({ status }) => status !== "ACTIVE" && status !== "PAUSED");
  expect(finished.length).toBeGreaterThanOrEqual(8);
  for (const { id, title, summary, definitionsVersion } of finished) {
    const samples = fixture.rides.find((ride) => ride.id === id)?.samples ?? 1;
    expect([title, summary?.sampleCount]).toEqual([title, expect.any(Number)]);
    if (samples > 0) expect([title, definitionsVersion]).toEqual([title, DEFINITIONS_VERSION]);
  }
  const records = await recordsOf(rider);
  expect(records.filter(({ value }) => value <= 0)).toEqual([]);
  const holders = new Set(records.map(({ workoutId }) => workoutId));
  expect(holders).not.toContain(rideCalled("a run").id);
  expect(holders).not.toContain(rideCalled("in the trash").id);
  const ofRun = await recordsOf(rider, `?sport=${encodeURIComponent("LÄUFE")}`);
  expect(new Set(ofRun.map(({ workoutId }) => workoutId))).toEqual(new Set([rideCalled("a run").id]));
}

async function expectFtpHistory(rider: Rider): Promise<void> {
  const expected = fixture.ftpHistory.map((ftp) => ({ ...ftp, sport: "cycling" }));
  expect(await rider.ok<unknown[]>("/api/users/me/ftp-history")).toEqual(expected);
}

/** Everything that the service told when the fixture was made is so still. */
async function expectEverything(app: TestApp): Promise<void> {
  const rider = riderOf(app);
  for (const ride of fixture.rides) expect(await describeRide(rider, ride.id)).toEqual(ride);
  expect(await history(rider)).toHaveLength(fixture.rides.length - 2);
  await expectFtpHistory(rider);
  expect(await rider.ok<object>("/api/users/me")).toMatchObject({
    user: { id: fixture.userId, email: fixture.email, displayName: "Zoë", settings: fixture.settings },
  });
  const streams = await listStreams(rider);
  const byName = new Map(streams.map(({ name, length }) => [name, length]));
  expect(byName).toEqual(new Map(fixture.streams.map(({ name, length }) => [name, length])));
  await expectDerived(app, rider);
}

async function expectCredentials(app: TestApp): Promise<void> {
  expect(await statusOf(app, { apiKey: fixture.apiKey })).toBe(200);
  expect(await statusOf(app, { token: fixture.accessToken })).toBe(200);
  const { refreshToken } = fixture;
  const refreshed = await post(app, "/api/auth/refresh", { refreshToken });
  expect(refreshed.status).toBe(200);
  const { accessToken } = (await refreshed.json()) as { accessToken: string };
  expect(await statusOf(app, { token: accessToken })).toBe(200);
  expect((await login(app, fixture.email, fixture.password)).user.id).toBe(fixture.userId);
}

/** Rides under way go on and are completed with every sample, and so is what no workout claims. */
async function expectRidesGoOn(app: TestApp): Promise<void> {
  const rider = riderOf(app);
  const underWay = rideCalled("under way");
  expect((await complete(rider, underWay.id)).archivedMessages).toBe(underWay.samples + 1);
  expect(await describeRide(rider, underWay.id)).toEqual({
    ...underWay,
    status: "COMPLETED",
    hasSummary: true,
  });
  const noClock = rideCalled("no clock");
  await change(rider, noClock.id, "resume");
  expect((await complete(rider, noClock.id)).archivedMessages).toBe(noClock.samples);
  expect(await describeRide(rider, noClock.id)).toEqual({
    ...noClock,
    status: "COMPLETED",
    hasSummary: true,
  });

  await rider.send("DELETE", "/api/streams/cleanup?retention=0");
  const recovered = (await history(rider)).find(({ title }) => title === "Recovered ride");
  expect(recovered).toMatchObject({ status: "COMPLETED", streamName: "unclaimed" });
  expect(await telemetryOf(rider, recovered?.id ?? "")).toHaveLength(180);
  expect(await listStreams(rider)).toEqual([]);
}

describe("of 0.1.0", () => {
  test("a data directory opens: accounts, rides, samples, and what was under way", async () => {
    const directory = join(temporary.path, "data");
    await mkdir(directory);
    await Bun.$`tar -C ${directory} -xzf ${join(FOLDER, "data.tar.gz")}`;
    await using opened = closing(await openAt(directory));
    await expectCredentials(opened.app);
    await expectEverything(opened.app);
    await expectRidesGoOn(opened.app);
  });

  test("a backup restores, and has all of that", async () => {
    const directory = join(temporary.path, "data");
    const config = parseConfig({ DATA_DIR: directory });
    const now = () => fixture.madeAt + 60_000;
    await restoreBackup(config, join(FOLDER, "backup.tar.gz"), { now, onBytes() {} });
    await using opened = closing(await openAt(directory));
    await expectCredentials(opened.app);
    await expectEverything(opened.app);
    await expectRidesGoOn(opened.app);
  });

  test("an export is imported, rides under way as completed ones", async () => {
    await using opened = closing(await openAt(join(temporary.path, "data")));
    const { app } = opened;
    expect(await importUser(app, join(FOLDER, "export.tar.gz"))).toBe(fixture.userId);
    const { accessToken: token } = await login(app, fixture.email, fixture.password);
    const rider = riderOf(app, { token });
    for (const ride of fixture.rides) {
      const isUnderWay = ride.status === "ACTIVE" || ride.status === "PAUSED";
      const expected = isUnderWay ? { ...ride, status: "COMPLETED" as const, hasSummary: true } : ride;
      expect(await describeRide(rider, ride.id)).toEqual(expected);
    }
    // With the one of the stream that no workout claims.
    expect(await app.deps.database.$count(workouts)).toBe(fixture.rides.length + 1);
    await expectDerived(app, rider);
    await expectFtpHistory(rider);
    const [first] = await app.deps.database.query.ftpHistory.findMany();
    expect(formatDay(first?.effectiveDay ?? 0)).toMatch(/^2026-05-(01|12)$/);
    expect(await rider.ok<object>("/api/users/me")).toMatchObject({
      user: { id: fixture.userId, displayName: "Zoë", settings: fixture.settings },
    });
  });
});

function closing(app: TestApp) {
  return { app, [Symbol.asyncDispose]: () => app.close() };
}
