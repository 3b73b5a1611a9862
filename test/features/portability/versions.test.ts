import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { eq, sql } from "drizzle-orm";
import { users, workouts } from "../../../src/db/schema.ts";
import { encodeTelemetry } from "../../../src/domain/telemetry-codec.ts";
import { checkArchive } from "../../../src/features/portability/check.ts";
import { planRides } from "../../../src/features/portability/import.ts";
import { FTP_FILE } from "../../../src/features/portability/schemas.ts";
import { saveTelemetry } from "../../../src/features/workouts/repository.ts";
import { type Rider, registerRider } from "../../support/accounts.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { setFtp } from "../analysis/analysis.ts";
import { sendBatch } from "../streams/streams.ts";
import { complete, eachSecond, finishedRide, startRide } from "../workouts/rides.ts";
import { exportUser, filesOf, importUser, writeFiles } from "./archives.ts";

let source: TestApp;
let target: TestApp;
let rider: Rider;
let archive: string;

beforeAll(async () => {
  [source, target] = await Promise.all([createTestApp(), createTestApp()]);
});
afterAll(() => Promise.all([source.close(), target.close()]));
beforeEach(async () => {
  rider = await registerRider(source);
  archive = join(source.directory, `${rider.userId}.tar.gz`);
});

/** Imports what the rider has, with one file of the archive written as another version would. */
async function importRewritten(part: string, rewrite: (content: never) => unknown): Promise<void> {
  await exportUser(source, rider.userId, archive);
  const files = await filesOf(archive);
  const name = [...files.keys()].find((name) => name.includes(part)) ?? "";
  files.set(name, JSON.stringify(rewrite(JSON.parse(files.get(name) ?? "") as never)));
  const rewritten = `${archive}.rewritten`;
  await writeFiles(rewritten, archive, files);
  await importUser(target, rewritten);
}

/** A minute at 200 W of which only the summary is kept. */
async function rideWithoutSamples(): Promise<string> {
  const { id, streamName } = await startRide(rider);
  await sendBatch(rider, streamName, eachSecond(60, { power: 200, heartrate: 140 }));
  await complete(rider, id, { archiveTelemetry: false });
  return id;
}

async function storedRide(id: string) {
  const [row] = await target.deps.database.select().from(workouts).where(eq(workouts.id, id));
  return row;
}

describe("of a ride without samples", () => {
  test("what an earlier version knew nothing of is null, or a count of 0", async () => {
    const id = await rideWithoutSamples();
    await importRewritten(id, (ride: { summary: object }) => {
      const { normalizedPower, skippedMessages, powerZones, powerCurve, ...known } = ride.summary as Record<
        string,
        unknown
      >;
      return { ...ride, summary: known };
    });
    expect((await storedRide(id))?.summary).toMatchObject({
      sampleCount: 60,
      avgPower: 200,
      normalizedPower: null,
      skippedMessages: 0,
      powerZones: null,
      powerCurve: null,
    });
  });

  test("what a later version has beyond that is passed over", async () => {
    const id = await rideWithoutSamples();
    await importRewritten(id, (ride: { summary: object }) => ({
      ...ride,
      weather: "fine",
      summary: { ...ride.summary, torque: 40 },
    }));
    const summary = (await storedRide(id))?.summary;
    expect(summary).toMatchObject({ avgPower: 200 });
    expect(summary).not.toHaveProperty("torque");
  });

  test("a figure that cannot be is refused", async () => {
    const id = await rideWithoutSamples();
    for (const wrong of [{ avgPower: "200" }, { sampleCount: -1 }, { powerCurve: { x: 1 } }]) {
      const rewrite = (ride: { summary: object }) => ({ ...ride, summary: { ...ride.summary, ...wrong } });
      await expect(importRewritten(id, rewrite)).rejects.toThrow(`summary.${Object.keys(wrong).join()}`);
    }
    await expect(importRewritten(id, (ride: object) => ({ ...ride, summary: "good" }))).rejects.toThrow(
      "summary: ",
    );
  });
});

test("of a ride with samples everything is derived anew, whatever its summary lacks", async () => {
  const { id, summary } = await finishedRide(rider, eachSecond(60, { power: 200 }));
  await importRewritten(`${id}.json`, (ride: object) => ({ ...ride, summary: {} }));
  expect((await storedRide(id))?.summary).toEqual(summary as never);
});

test("an FTP without a sport is of cycling", async () => {
  await setFtp(rider, 250, "2026-01-01");
  await importRewritten(FTP_FILE, ([ftp]: [{ sport: string }]) => {
    const { sport, ...before } = ftp;
    return [before];
  });
  const history = await target.deps.database.query.ftpHistory.findMany();
  expect(history.filter(({ userId }) => userId === rider.userId)).toMatchObject([
    { ftp: 250, sport: "cycling" },
  ]);
});

test("a setting that had no meaning then is not set, unless it is one that could be", async () => {
  const settings = { restingHeartrate: "50", criticalPower: 0, wPrime: 20_000, theme: "dark" };
  await source.deps.database.update(users).set({ settings }).where(eq(users.id, rider.userId));
  await exportUser(source, rider.userId, archive);
  await importUser(target, archive);
  const user = await target.deps.database.query.users.findFirst({ where: eq(users.id, rider.userId) });
  expect(user?.settings).toEqual({ wPrime: 20_000, theme: "dark" });
});

test("samples that bear the same time, since they had none of their own, all arrive", async () => {
  const { id } = await finishedRide(rider, eachSecond(3));
  const [first, ...rest] = eachSecond(3);
  const samples = [
    ...[1, 2, 3].map((power) => ({ ...first, timestamp: first?.timestamp ?? 0, power })),
    ...rest,
  ];
  await saveTelemetry(source.deps.database, id, await encodeTelemetry(samples, "fast"));
  await exportUser(source, rider.userId, archive);
  await importUser(target, archive);
  const again = `${archive}.again`;
  await exportUser(target, rider.userId, again);
  const lines = (files: Map<string, string>) => [...files].find(([name]) => name.endsWith(".ndjson"))?.[1];
  expect(
    lines(await filesOf(again))
      ?.trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(samples);
});

test("a ride some of whose samples count for nothing is the same as in the archive", async () => {
  const { id } = await finishedRide(rider, eachSecond(10));
  await exportUser(source, rider.userId, archive);
  await importUser(target, archive);
  const { database } = target.deps;
  await database
    .update(workouts)
    .set({ summary: sql`json_set(summary, '$.sampleCount', 8, '$.skippedSamples', 2)` })
    .where(eq(workouts.id, id));
  const plan = await planRides(database, rider.userId, await checkArchive(archive, () => {}));
  expect(plan).toEqual({ new: 0, present: 1, changed: 0 });
});
