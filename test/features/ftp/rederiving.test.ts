import { describe, expect, test } from "bun:test";
import { registerRider, useService } from "../../support/accounts.ts";
import { rideAt, setFtp } from "../analysis/analysis.ts";
import { sendBatch } from "../streams/streams.ts";
import { change, complete, eachSecond, getWorkout, startRide, summaryOf, trash } from "../workouts/rides.ts";
import { AT_200, AT_250, AT_400, ftpsOf, rideMinute } from "./minute.ts";

const service = useService();

const ride = (time: string) => rideMinute(service.rider, time);

describe("an FTP with an earlier date", () => {
  test("changes the rides from then until the next one, and no others", async () => {
    const { rider } = service;
    const days = ["2026-01-31", "2026-02-01", "2026-03-01", "2026-03-31", "2026-04-01"];
    const ids: string[] = [];
    for (const day of days) ids.push(await ride(`${day}T10:00:00Z`));
    await setFtp(rider, 400, "2026-04-01");
    const before = await Promise.all(ids.map((id) => getWorkout(rider, id)));
    service.wait(1000);
    expect((await setFtp(rider, 250, "2026-02-01")).rederiving).toEqual({ rides: 3, remaining: 0 });
    expect(await ftpsOf(rider, ...ids)).toEqual([null, 250, 250, 250, 400]);
    const after = await Promise.all(ids.map((id) => getWorkout(rider, id)));
    expect([after[0], after[4]]).toEqual([before[0], before[4]]);
    for (const index of [1, 2, 3]) {
      const [then, now] = [before[index], after[index]];
      if (!then?.summary || !now) throw new Error("There are five rides");
      expect(Date.parse(now.updatedAt)).toBeGreaterThan(Date.parse(then.updatedAt));
      // Nothing else is any different.
      const { updatedAt } = now;
      expect(now).toEqual({ ...then, updatedAt, summary: { ...then.summary, ...AT_250 } });
    }
  });

  test("that changes no value leaves the rides as they are, down to updatedAt", async () => {
    const { rider } = service;
    const id = await ride("2026-03-01T10:00:00Z");
    await setFtp(rider, 250, "2026-02-01");
    const before = await getWorkout(rider, id);
    service.wait(1000);
    await setFtp(rider, 250, "2026-02-15");
    await setFtp(rider, 250, "2026-02-01");
    expect(await getWorkout(rider, id)).toEqual(before);
  });

  test("changes archived rides and those in the trash, not those of others", async () => {
    const { rider, app } = service;
    const other = await registerRider(app);
    const theirs = await rideAt(other, "2026-03-01T10:00:00Z");
    const [archived, trashed] = [await ride("2026-03-01T10:00:00Z"), await ride("2026-03-02T10:00:00Z")];
    await change(rider, archived, "archive");
    await trash(rider, trashed);
    expect((await setFtp(rider, 400, "2026-03-01")).rederiving.rides).toBe(2);
    expect(await getWorkout(rider, archived)).toMatchObject({ status: "ARCHIVED", summary: AT_400 });
    expect(await getWorkout(rider, trashed)).toMatchObject({ status: "DELETED", summary: AT_400 });
    expect((await change(rider, trashed, "restore")).summary).toMatchObject(AT_400);
    expect(await getWorkout(other, theirs.id)).toEqual(theirs);
  });

  test("set once more for the same instant, changes them once more", async () => {
    const id = await ride("2026-03-01T10:00:00Z");
    for (const expected of [AT_250, AT_400, AT_200]) {
      await setFtp(service.rider, expected.ftp, "2026-03-01");
      expect(await summaryOf(service.rider, id)).toMatchObject(expected);
    }
  });
});

describe("a ride without telemetry", () => {
  /** Within half a minute ten seconds at 101 W, else 100: a Normalized Power of 100.33 W, kept as 100. */
  async function rideWithoutTelemetry(archiveTelemetry: boolean): Promise<string> {
    const { rider } = service;
    const { id, streamName } = await startRide(rider);
    const samples = eachSecond(30, {}).map((sample, second) => ({
      ...sample,
      power: second < 10 ? 101 : 100,
    }));
    await sendBatch(rider, streamName, samples);
    await complete(rider, id, { archiveTelemetry });
    return id;
  }

  test("is worked out from its summary, which tells nothing of zones", async () => {
    const { rider } = service;
    const [kept, lost] = [await rideWithoutTelemetry(true), await rideWithoutTelemetry(false)];
    expect((await setFtp(rider, 40, "2026-05-01")).rederiving).toEqual({ rides: 2, remaining: 0 });
    // 100.33 / 40 and 100 / 40; 1/120 h at 2.5² · 100 is 5.2.
    expect(await summaryOf(rider, kept)).toMatchObject({ intensityFactor: 2.508, trainingStress: 5.2 });
    expect(await summaryOf(rider, lost)).toMatchObject({
      ftp: 40,
      intensityFactor: 2.5,
      trainingStress: 5.2,
      powerZones: null,
    });
  });

  test("keeps its zones as long as its FTP stays what it was when it was completed", async () => {
    const { rider } = service;
    await setFtp(rider, 100, "2026-05-01");
    const id = await rideWithoutTelemetry(false);
    const exact = { ftp: 100, intensityFactor: 1.003, powerZones: [0, 0, 0, 30, 0, 0, 0] };
    expect(await summaryOf(rider, id)).toMatchObject(exact);
    await setFtp(rider, 100, "2026-05-15");
    expect(await summaryOf(rider, id)).toMatchObject(exact);
    await setFtp(rider, 50, "2026-05-15");
    expect(await summaryOf(rider, id)).toMatchObject({ ftp: 50, intensityFactor: 2, powerZones: null });
    await setFtp(rider, 100, "2026-05-15");
    expect(await summaryOf(rider, id)).toMatchObject({ ftp: 100, intensityFactor: 1, powerZones: null });
  });
});

test("a ride without power, a short one and an empty one have an FTP and nothing of it", async () => {
  const { rider } = service;
  const noPower = await rideAt(rider, "2026-05-01T10:00:00Z", { heartrate: 140 }, 60);
  const short = await rideAt(rider, "2026-05-01T12:00:00Z", { power: 200 }, 29);
  const { id } = await startRide(rider);
  await complete(rider, id);
  expect((await setFtp(rider, 200, "2026-05-01")).rederiving).toEqual({ rides: 3, remaining: 0 });
  const nothing = { ftp: 200, intensityFactor: null, trainingStress: null, powerZones: null };
  expect(await summaryOf(rider, noPower.id)).toMatchObject(nothing);
  expect(await summaryOf(rider, id)).toMatchObject(nothing);
  // Half a minute is missing for Normalized Power, but not for zones.
  expect(await summaryOf(rider, short.id)).toMatchObject({ ...nothing, powerZones: [0, 0, 0, 29, 0, 0, 0] });
});
