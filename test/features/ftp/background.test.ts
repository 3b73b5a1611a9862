import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { eq, sql } from "drizzle-orm";
import { bestEfforts, ftpHistory, telemetry, workouts } from "../../../src/db/schema.ts";
import { parseDay } from "../../../src/domain/calendar.ts";
import { useService } from "../../support/accounts.ts";
import { recordsOf, rideAt, setFtp } from "../analysis/analysis.ts";
import { sendBatch } from "../streams/streams.ts";
import { complete, eachSecond, getWorkout, startRide, summaryOf, trash } from "../workouts/rides.ts";
import { AT_250, ftpsOf, rideMinute, WITHOUT_FTP } from "./minute.ts";

const service = useService();

const ride = (time: string) => rideMinute(service.rider, time);

async function remaining(): Promise<number> {
  return (await service.rider.ok<{ remaining: number }>("/api/users/me/rederiving")).remaining;
}

test("rides that were to be derived again when the service ended are when it starts", async () => {
  const { rider, app } = service;
  const ids = [await ride("2026-03-01T10:00:00Z"), await ride("2026-03-02T10:00:00Z")];
  // As an FTP leaves it in its transaction.
  const { database } = app.deps;
  const time = new Date(app.clock.time);
  await database.insert(ftpHistory).values({
    id: Bun.randomUUIDv7(),
    userId: rider.userId,
    ftp: 250,
    effectiveFrom: new Date("2026-03-01"),
    effectiveDay: parseDay("2026-03-01"),
    createdAt: time,
  });
  await database.update(workouts).set({ isStale: true }).where(eq(workouts.userId, rider.userId));
  expect(await remaining()).toBe(2);
  for (const id of ids) expect(await summaryOf(rider, id)).toMatchObject(WITHOUT_FTP);

  await app.reopen();
  await app.deps.rederivation.run(rider.userId);
  expect(await remaining()).toBe(0);
  for (const id of ids) expect(await summaryOf(rider, id)).toMatchObject(AT_250);
});

test("what earlier definitions made is made again where there is telemetry, and where it was right it stays", async () => {
  const { rider, app } = service;
  const { database } = app.deps;
  const [wrong, right] = [
    await getWorkout(rider, await ride("2026-03-01T10:00:00Z")),
    await getWorkout(rider, await ride("2026-03-02T10:00:00Z")),
  ];
  const started = await startRide(rider);
  await sendBatch(rider, started.streamName, eachSecond(60, { power: 100 }));
  const { workout: bare } = await complete(rider, started.id, { archiveTelemetry: false });
  const records = await recordsOf(rider);
  if (!wrong.summary) throw new Error("Completed without a summary");

  await database.update(workouts).set({ definitionsVersion: 0 }).where(eq(workouts.userId, rider.userId));
  await database
    .update(workouts)
    .set({ summary: { ...wrong.summary, avgPower: 1, powerCurve: null }, duration: 1 })
    .where(eq(workouts.id, wrong.id));
  await database.update(bestEfforts).set({ value: 999 }).where(eq(bestEfforts.workoutId, wrong.id));
  service.wait(1000);

  await app.reopen();
  await app.deps.rederivation.run(rider.userId);
  expect(await remaining()).toBe(0);
  const now = await getWorkout(rider, wrong.id);
  expect(now).toEqual({ ...wrong, updatedAt: new Date(app.clock.time).toISOString() });
  expect(await recordsOf(rider)).toEqual(records);
  expect(await getWorkout(rider, right.id)).toEqual(right);
  expect(await getWorkout(rider, bare.id)).toEqual(bare);
});

test("with other heart rates, rides without power are made again, and no others", async () => {
  const { rider, app } = service;
  const { database } = app.deps;
  const noPower = await rideAt(rider, "2026-03-01T10:00:00Z", { heartrate: 140 }, 60);
  const power = await rideAt(rider, "2026-03-02T10:00:00Z", { power: 200, heartrate: 140 }, 60);
  const neither = await rideAt(rider, "2026-03-03T10:00:00Z", { speed: 30 }, 60);
  const started = await startRide(rider);
  await sendBatch(rider, started.streamName, eachSecond(60, { heartrate: 140 }));
  const { workout: bare } = await complete(rider, started.id, { archiveTelemetry: false });
  // Whatever is made again from telemetry is right again.
  await database
    .update(workouts)
    .set({ summary: sql`json_set(summary, '$.maxSpeed', 1)`, definitionsVersion: 0 })
    .where(eq(workouts.userId, rider.userId));
  const wrong = async () => {
    const rides = [noPower, power, neither, bare];
    const summaries = await Promise.all(rides.map(({ id }) => summaryOf(rider, id)));
    return summaries.map((summary) => summary?.maxSpeed === 1);
  };
  const set = (settings: object) => rider.send("PATCH", "/api/users/me", { settings });

  // Not enough to tell anything by, or nothing to do with it.
  await set({ maxHeartrate: 185, thresholdHeartrate: 165, criticalPower: 250, weight: 70 });
  expect(await wrong()).toEqual([true, true, true, true]);
  await set({ restingHeartrate: 50 });
  expect(await wrong()).toEqual([false, true, true, true]);
  expect(await remaining()).toBe(0);
});

test("a ride whose efforts are in another group than its sport is regrouped, and is else the same", async () => {
  const { rider, app } = service;
  const { database } = app.deps;
  const { id } = await rideAt(rider, "2026-03-01T10:00:00Z", { power: 200 }, 5, { sport: "LÄUFE" });
  const before = await getWorkout(rider, id);
  // As the migration leaves them.
  await database.update(bestEfforts).set({ sportGroup: "lÄufe" }).where(eq(bestEfforts.workoutId, id));
  await database.update(workouts).set({ isStale: true }).where(eq(workouts.id, id));
  expect(await recordsOf(rider, "?sport=l%C3%A4ufe")).toEqual([]);
  await app.deps.rederivation.run(rider.userId);
  expect(await recordsOf(rider, "?sport=l%C3%A4ufe")).toMatchObject([{ workoutId: id, value: 200 }]);
  expect(await getWorkout(rider, id)).toEqual(before);
});

test("a ride that cannot be derived stays as it is, and does not keep the others from it", async () => {
  const { rider, app } = service;
  const { database } = app.deps;
  const ids = [await ride("2026-03-01T10:00:00Z"), await ride("2026-03-02T10:00:00Z")];
  const broken = eq(telemetry.workoutId, await ride("2026-03-03T10:00:00Z"));
  const [stored] = await database.select().from(telemetry).where(broken);
  if (!stored) throw new Error("Completed without telemetry");
  await database
    .update(telemetry)
    .set({ data: Buffer.from("nonsense") })
    .where(broken);

  expect((await setFtp(rider, 250, "2026-03-01")).rederiving).toEqual({ rides: 3, remaining: 0 });
  expect(await ftpsOf(rider, ...ids, stored.workoutId)).toEqual([250, 250, null]);
  // The next FTP finds it again.
  await database.update(telemetry).set({ data: stored.data }).where(broken);
  expect((await setFtp(rider, 250, "2026-03-01")).rederiving).toEqual({ rides: 1, remaining: 0 });
  expect(await summaryOf(rider, stored.workoutId)).toMatchObject(AT_250);
});

test("of FTPs set at once, for days in any order, each ride has its own", async () => {
  const { rider, app } = service;
  const ids = await Promise.all([1, 2, 3, 4, 5, 6].map((day) => ride(`2026-03-0${day}T10:00:00Z`)));
  await Promise.all([4, 1, 6, 3, 5, 2].map((day) => setFtp(rider, 200 + day, `2026-03-0${day}`)));
  await app.deps.rederivation.run(rider.userId);
  expect(await ftpsOf(rider, ...ids)).toEqual([201, 202, 203, 204, 205, 206]);
  expect(await remaining()).toBe(0);
});

/** So many turns of the event loop: from run to run, another call gets in between two other steps. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

const DELAYS = Array.from({ length: 12 }, (_, turn) => turn);

test("a ride has the FTP that is set at whatever moment of its completion", async () => {
  const { rider, app } = service;
  for (const delay of DELAYS) {
    const time = Date.UTC(2026, 2, 1 + delay, 10);
    const { id, streamName } = await startRide(rider);
    await sendBatch(rider, streamName, eachSecond(100, { power: 200 }, time));
    const completed = complete(rider, id);
    await turns(delay);
    await Promise.all([completed, setFtp(rider, 201 + delay, new Date(time).toISOString())]);
    await app.deps.rederivation.run(rider.userId);
    expect([delay, ...(await ftpsOf(rider, id))]).toEqual([delay, 201 + delay]);
  }
});

test("a ride has the FTP that was set last, at whatever moment of its being derived again", async () => {
  const { rider, app } = service;
  const ids = [await ride("2026-03-01T10:00:00Z"), await ride("2026-03-01T11:00:00Z")];
  for (const delay of DELAYS) {
    const first = setFtp(rider, 150, "2026-03-01");
    await turns(delay);
    await Promise.all([first, setFtp(rider, 201 + delay, "2026-03-01")]);
    await app.deps.rederivation.run(rider.userId);
    expect([delay, ...(await ftpsOf(rider, ...ids))]).toEqual([delay, 201 + delay, 201 + delay]);
  }
});

test("a ride that is deleted for good while it is derived again is gone", async () => {
  const { rider, app } = service;
  const ids = await Promise.all([1, 2, 3, 4].map((day) => ride(`2026-03-0${day}T10:00:00Z`)));
  await Promise.all([
    setFtp(rider, 250, "2026-03-01"),
    ...ids.slice(1).map((id) => trash(rider, id, "?permanent=true")),
  ]);
  await app.deps.rederivation.run(rider.userId);
  expect(await remaining()).toBe(0);
  expect(await ftpsOf(rider, ...ids.slice(0, 1))).toEqual([250]);
  expect(new Set((await recordsOf(rider)).map(({ workoutId }) => workoutId))).toEqual(
    new Set(ids.slice(0, 1)),
  );
});
