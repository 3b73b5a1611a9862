import { describe, expect, test } from "bun:test";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import { sendBatch } from "../streams/streams.ts";
import { change, eachSecond, finishedRide, startRide, trash } from "../workouts/rides.ts";
import { monthsOf, NO_TOTALS, rideAt, setFtp, setTimeZone, totalsOf } from "./analysis.ts";

const service = useService();

/** In which months there were how many rides, such as "2026-3: 2". */
async function counts(query: string): Promise<string[]> {
  const months = await monthsOf(service.rider, query);
  return months.map(({ year, month, workoutCount }) => `${year}-${month}: ${workoutCount}`);
}

describe("sums", () => {
  test("of no rides are all zeros, and no average power", async () => {
    const { rider } = service;
    const { workoutCount, ...totals } = NO_TOTALS;
    expect(await totalsOf(rider)).toEqual(NO_TOTALS);
    expect(await totalsOf(rider, "?from=2026-01-01&to=2026-12-31&sport=cycling")).toEqual(NO_TOTALS);
    expect(await rider.ok("/api/users/me/stats")).toEqual({ totalWorkouts: workoutCount, ...totals });
    expect(await monthsOf(rider, "?year=2026")).toEqual([]);
  });

  test("of two rides, with average power weighted by recorded time", async () => {
    const { rider } = service;
    await setFtp(rider, 250, "2025-12-31");
    // At FTP for 36 s, a hundredth of an hour: a stress of 1. 36 · 250 W are 9 kJ, 36 s at 36 km/h are 360 m.
    await rideAt(rider, "2026-01-05T10:00:00Z", { power: 250, speed: 36 }, 36);
    // At half of it for 144 s, 0.04 h: 0.04 · 0.5² · 100 = 1. 144 · 125 W are 18 kJ; 10 m up, 10 m a second.
    const samples = eachSecond(144, { power: 125 }, Date.UTC(2026, 0, 20)).map((sample, second) => ({
      ...sample,
      distance: second * 10,
      altitude: second < 72 ? 100 : 110,
    }));
    const { id } = await finishedRide(rider, samples);
    const totals = {
      totalDuration: 180,
      // 360 + 143 · 10.
      totalDistance: 1790,
      totalEnergy: 27,
      totalElevationGain: 10,
      // (36 · 250 + 144 · 125) / 180; the mean of the two rides' means would be 187.5.
      avgPower: 150,
      trainingStress: 2,
    };
    expect(await totalsOf(rider)).toEqual({ workoutCount: 2, ...totals });
    expect(await monthsOf(rider, "?year=2026")).toEqual([
      { year: 2026, month: 1, workoutCount: 2, ...totals },
    ]);
    for (const user of ["me", rider.userId])
      expect(await rider.ok(`/api/users/${user}/stats`)).toEqual({ totalWorkouts: 2, ...totals });

    // An archived ride counts; one in the trash does not, until it is restored.
    await change(rider, id, "archive");
    expect(await totalsOf(rider)).toEqual({ workoutCount: 2, ...totals });
    await trash(rider, id);
    expect(await totalsOf(rider)).toMatchObject({ workoutCount: 1, avgPower: 250, trainingStress: 1 });
    await change(rider, id, "restore");
    expect(await totalsOf(rider)).toEqual({ workoutCount: 2, ...totals });
  });

  test("pauses are in the duration, not in the weight of a ride's power", async () => {
    const { rider } = service;
    // 10 s at 100 W, 50 s of nothing, 10 s at 100 W: 20 s recorded in 70.
    const first = eachSecond(10, { power: 100 });
    const second = first.map((sample) => ({ ...sample, timestamp: sample.timestamp + 60_000 }));
    await finishedRide(rider, [...first, ...second]);
    await rideAt(rider, "2026-01-05T10:00:00Z", { power: 400 }, 40);
    // (20 · 100 + 40 · 400) / 60.
    expect(await totalsOf(rider)).toMatchObject({ totalDuration: 110, avgPower: 300 });
  });

  test("a ride without power or distance adds what it has, and weighs nothing", async () => {
    const { rider } = service;
    await rideAt(rider, "2026-01-05T10:00:00Z", { power: 250 }, 40);
    await rideAt(rider, "2026-01-06T10:00:00Z", { heartrate: 120 }, 600);
    await finishedRide(rider, []);
    // 40 · 250 W are 10 kJ.
    const expected = { ...NO_TOTALS, workoutCount: 3, totalDuration: 640, totalEnergy: 10, avgPower: 250 };
    expect(await totalsOf(rider)).toEqual(expected);
    // Coasting is power: zeros are in.
    await rideAt(rider, "2026-01-07T10:00:00Z", { power: 0 }, 40);
    expect(await totalsOf(rider)).toMatchObject({ avgPower: 125 });
  });

  test("unfinished rides and those of others do not count", async () => {
    const { rider, app } = service;
    const other = await registerRider(app);
    await rideAt(other, "2026-01-05T10:00:00Z");
    const { streamName } = await startRide(rider);
    await sendBatch(rider, streamName, eachSecond(40));
    expect(await totalsOf(rider)).toEqual(NO_TOTALS);
    expect(await rider.refused("GET", `/api/users/${other.userId}/stats`)).toMatchObject({ status: 404 });
  });

  test("are of one sport where that is asked for, and of a span", async () => {
    const { rider } = service;
    await rideAt(rider, "2026-01-05T10:00:00Z", { power: 100 });
    await rideAt(rider, "2026-01-05T12:00:00Z", {}, 20, { sport: "running" });
    const durations = async (query: string) => (await totalsOf(rider, query)).totalDuration;
    expect(await durations("?sport=running")).toBe(20);
    expect(await durations("?sport=cycling&from=2026-01-05&to=2026-01-05")).toBe(10);
    expect(await durations("?sport=Running")).toBe(20);
    expect(await durations("?sport=mountain%20biking")).toBe(10);
    expect(await durations("?sport=run")).toBe(0);
    expect(await durations("?sport=running&to=2026-01-05T11:59:59Z")).toBe(0);
    expect(await durations("")).toBe(30);
  });
});

describe("months", () => {
  test("are in order, without those in which there was no ride", async () => {
    const { rider } = service;
    const days = ["2026-12-31", "2026-03-15", "2025-12-31", "2026-03-01", "2027-01-01"];
    for (const day of days) await rideAt(rider, `${day}T12:00:00Z`);
    expect(await counts("?year=2026")).toEqual(["2026-3: 2", "2026-12: 1"]);
    expect(await counts("?year=2026&month=3")).toEqual(["2026-3: 2"]);
    expect(await counts("?year=2026&month=4")).toEqual([]);
    expect(await counts("?year=2025")).toEqual(["2025-12: 1"]);
    expect(await counts("?year=2024&month=12")).toEqual([]);
  });

  test.each([
    // Midnight of Berlin is at 23:00 UTC until the 29th of March, at 22:00 from then until the 25th of October.
    ["Europe/Berlin", "2026-02-28T23:00:00.000Z", [2, 3]],
    ["Europe/Berlin", "2026-03-31T22:00:00.000Z", [3, 4]],
    ["Europe/Berlin", "2026-09-30T22:00:00.000Z", [9, 10]],
    ["Europe/Berlin", "2026-10-31T23:00:00.000Z", [10, 11]],
    // In New York, where summer is from the 8th of March to the 1st of November, at 05:00 and 04:00.
    ["America/New_York", "2026-03-01T05:00:00.000Z", [2, 3]],
    ["America/New_York", "2026-04-01T04:00:00.000Z", [3, 4]],
    ["America/New_York", "2026-11-01T04:00:00.000Z", [10, 11]],
    ["America/New_York", "2026-12-01T05:00:00.000Z", [11, 12]],
    // Five hours and three quarters ahead.
    ["Asia/Kathmandu", "2026-06-30T18:15:00.000Z", [6, 7]],
    ["UTC", "2026-07-01T00:00:00.000Z", [6, 7]],
  ])("%s: a new one begins at %s", async (zone, midnight, [before, after]) => {
    const { rider } = service;
    await rideAt(rider, new Date(Date.parse(midnight) - 1).toISOString());
    const expected = [`2026-${before}: 1`, `2026-${after}: 1`];
    await rideAt(rider, midnight);
    expect(await counts(`?year=2026&tz=${zone}`)).toEqual(expected);
    await setTimeZone(rider, zone);
    expect(await counts("?year=2026")).toEqual(expected);
    expect(await counts(`?year=2026&month=${after}`)).toEqual(expected.slice(1));
  });

  test("a year begins when it does for the rider", async () => {
    await rideAt(service.rider, "2025-12-31T10:30:00Z");
    expect(await counts("?year=2026&tz=Pacific/Kiritimati")).toEqual(["2026-1: 1"]);
    expect(await counts("?year=2025&tz=Pacific/Kiritimati")).toEqual([]);
    expect(await counts("?year=2025")).toEqual(["2025-12: 1"]);
  });

  test.each([
    ["", "year"],
    ["?year=", "year"],
    ["?year=0", "year"],
    ["?year=10000", "year"],
    ["?year=2026.5", "year"],
    ["?year=this", "year"],
    ["?year=2026&month=0", "month"],
    ["?year=2026&month=13", "month"],
    ["?year=2026&month=May", "month"],
    ["?year=2026&month=", "month"],
    ["?year=2026&tz=CEST", "tz"],
  ])("monthly%s is refused, with %s named", async (query, field) => {
    const refusal = await service.rider.refused("GET", `/api/stats/monthly${query}`);
    expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
    expect(fieldsOf(refusal)).toEqual([field]);
  });

  test.each([1, 50, 9999])("of the year %d can be asked for too", async (year) => {
    expect(await counts(`?year=${year}&tz=Pacific/Kiritimati`)).toEqual([]);
    expect(await counts(`?year=${year}&tz=Pacific/Pago_Pago`)).toEqual([]);
  });
});
