import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { useService } from "../../support/accounts.ts";
import { type FtpEntry, loadOf, recordsOf, rideAt, setFtp } from "../analysis/analysis.ts";
import { sendBatch } from "../streams/streams.ts";
import {
  type Changed,
  complete,
  eachSecond,
  getWorkout,
  startRide,
  summaryOf,
  trash,
  type Workout,
} from "../workouts/rides.ts";
import { AT_200, AT_250, AT_400, ftpsOf, WITHOUT_FTP } from "./minute.ts";

const service = useService();

/** A minute at 200 W. */
function minute(sport: string | undefined, time = "2026-03-02T10:00:00Z"): Promise<Workout> {
  return rideAt(service.rider, time, { power: 200 }, 60, { sport });
}

async function setSport(id: string, sport: string): Promise<Workout> {
  return (await service.rider.send<Changed>("PATCH", `/api/workouts/${id}`, { sport })).workout;
}

test("an FTP is of one group of sports, cycling unless said otherwise, and shown as its group", async () => {
  const { rider } = service;
  await setFtp(rider, 200, "2026-03-01", " Trail Running ");
  await setFtp(rider, 250, "2026-02-01", "Mountain BIKING");
  await setFtp(rider, 240, "2026-01-01");
  const history = await rider.ok<FtpEntry[]>("/api/users/me/ftp-history");
  expect(history.map(({ ftp, sport }) => [ftp, sport])).toEqual([
    [200, "trail running"],
    [250, "cycling"],
    [240, "cycling"],
  ]);
});

test("a ride has that of its own sport, whether it is set before or afterwards", async () => {
  const { rider } = service;
  await setFtp(rider, 400, "2026-03-01", "running");
  const run = await minute("RUNNING");
  const gravel = await minute("gravel bike");
  const swim = await minute("swimming");
  expect((await setFtp(rider, 250, "2026-03-01", "E-Bike")).rederiving.rides).toBe(1);
  expect(await summaryOf(rider, run.id)).toMatchObject(AT_400);
  expect(await summaryOf(rider, gravel.id)).toMatchObject(AT_250);
  expect(await summaryOf(rider, swim.id)).toMatchObject(WITHOUT_FTP);
  expect((await setFtp(rider, 200, "2026-03-01", "Running")).rederiving.rides).toBe(1);
  expect(await ftpsOf(rider, run.id, gravel.id, swim.id)).toEqual([200, 250, null]);
});

test("also while it is under way", async () => {
  const { rider } = service;
  await setFtp(rider, 250, "2026-03-01");
  await setFtp(rider, 400, "2026-03-01", "running");
  const { id, streamName } = await startRide(rider, { sport: "Running" });
  await sendBatch(rider, streamName, eachSecond(60, { power: 200 }));
  expect(await summaryOf(rider, id)).toMatchObject(AT_400);
  await setSport(id, "riding");
  expect(await summaryOf(rider, id)).toMatchObject(WITHOUT_FTP);
  await setSport(id, "indoor cycling");
  expect(await summaryOf(rider, id)).toMatchObject(AT_250);
  expect((await complete(rider, id)).workout).toMatchObject({ sport: "indoor cycling", summary: AT_250 });
});

test("one whose sport is changed is another's ride: FTP, stress, records", async () => {
  const { rider } = service;
  await setFtp(rider, 250, "2026-03-01");
  await setFtp(rider, 400, "2026-03-01", "running");
  const [run, other] = [await minute(undefined), await minute("cycling", "2026-03-03T10:00:00Z")];
  const holders = async (sport: string) =>
    new Set((await recordsOf(rider, `?sport=${sport}`)).map(({ workoutId }) => workoutId));
  const stress = async (sport: string) =>
    (await loadOf(rider, `?to=2026-03-02&sport=${sport}`)).at(-1)?.stress;
  expect([await stress("cycling"), await stress("running")]).toEqual([AT_250.trainingStress, undefined]);

  service.wait(1000);
  const changed = await setSport(run.id, "Running");
  expect(changed).toEqual({
    ...run,
    sport: "Running",
    updatedAt: expect.any(String),
    summary: run.summary && { ...run.summary, ...AT_400 },
  });
  expect(changed).toEqual(await getWorkout(rider, run.id));
  expect([await holders("cycling"), await holders("running")]).toEqual([
    new Set([other.id]),
    new Set([run.id]),
  ]);
  expect(await stress("running")).toBe(AT_400.trainingStress);

  // In the trash as well, and back again.
  await trash(rider, run.id);
  expect(await setSport(run.id, "Bikepacking")).toMatchObject({ status: "DELETED", summary: AT_250 });
  await rider.send("POST", `/api/workouts/${run.id}/restore`);
  expect([await holders("cycling"), await holders("running")]).toEqual([new Set([run.id]), new Set()]);
});

test("one whose telemetry was not kept has another's FTP too", async () => {
  const { rider } = service;
  await setFtp(rider, 200, "2026-03-01", "running");
  const { id, streamName } = await startRide(rider);
  await sendBatch(rider, streamName, eachSecond(60, { power: 200 }));
  await complete(rider, id, { archiveTelemetry: false });
  const { summary } = await setSport(id, "running");
  expect(summary).toMatchObject({ ...AT_200, powerZones: null });
  expect((await recordsOf(rider, "?sport=running")).map(({ workoutId }) => workoutId)).toContain(id);
});

test("another name for the same sport changes nothing else", async () => {
  const { rider } = service;
  await setFtp(rider, 250, "2026-03-01");
  const before = await minute("cycling");
  const [{ updatedAt: _, ...ride }, records] = [before, await recordsOf(rider)];
  expect(await setSport(before.id, "Gravel ride")).toMatchObject({ ...ride, sport: "Gravel ride" });
  expect(await recordsOf(rider)).toEqual(records);
});

test("the sport that is set last counts, at whatever moment of completion or derivation", async () => {
  const { rider, app } = service;
  await setFtp(rider, 250, "2026-03-01");
  await setFtp(rider, 400, "2026-03-01", "running");
  for (let delay = 0; delay < 12; delay++) {
    const { id, streamName } = await startRide(rider, { sport: "running" });
    await sendBatch(rider, streamName, eachSecond(60, { power: 200 }, Date.UTC(2026, 2, 2, delay)));
    const completed = complete(rider, id);
    for (let turn = 0; turn < delay; turn++) await setImmediate();
    await Promise.all([completed, setSport(id, "cycling")]);
    const another = setSport(id, "running");
    for (let turn = 0; turn < delay; turn++) await setImmediate();
    await Promise.all([another, setSport(id, "cycling")]);
    await app.deps.rederivation.run(rider.userId);
    expect([delay, ...(await ftpsOf(rider, id))]).toEqual([delay, 250]);
    const [holders] = [await recordsOf(rider, "?sport=running")];
    expect(holders).toEqual([]);
  }
});
