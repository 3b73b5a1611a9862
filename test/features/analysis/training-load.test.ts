import { describe, expect, test } from "bun:test";
import { fieldsOf, registerRider, useService } from "../../support/accounts.ts";
import { sendBatch } from "../streams/streams.ts";
import { change, complete, eachSecond, startRide, trash, type Workout } from "../workouts/rides.ts";
import { loadOf, rideAt, setFtp, setTimeZone, type TrainingDay } from "./analysis.ts";

// "Now" is noon of 2026-06-01.
const service = useService();

/** With an FTP of 100 W: 36 s at ten times that are 0.01 h · 10² · 100 = 100, at five times 25. */
const HUNDRED = { power: 1000 };
const TWENTY_FIVE = { power: 500 };

function ride(time: string, fields: object): Promise<Workout> {
  return rideAt(service.rider, time, fields, 36);
}

/**
 * λ = e^(−1/42) = 0.976472 and μ = e^(−1/7) = 0.866878, so that of a day's stress 0.0235283 become fitness and
 * 0.1331221 fatigue.
 */
const FOUR_DAYS: TrainingDay[] = [
  { date: "2026-05-29", stress: 100, fitness: 2.35, fatigue: 13.31, form: 0 },
  // Form 2.35283 − 13.31221; fitness λ · 2.35283; fatigue μ · 13.31221.
  { date: "2026-05-30", stress: 0, fitness: 2.3, fatigue: 11.54, form: -10.96 },
  // Form 2.29747 − 11.54006; fitness 50 · 0.0235283 + λ · 2.29747; fatigue 50 · 0.1331221 + μ · 11.54006.
  { date: "2026-05-31", stress: 50, fitness: 3.42, fatigue: 16.66, form: -9.24 },
  // Form 3.41983 − 16.65993; fitness λ · 3.41983; fatigue μ · 16.65993.
  { date: "2026-06-01", stress: 0, fitness: 3.34, fatigue: 14.44, form: -13.24 },
];

/** A hundred on the first of the four days, twice twenty-five on the third. */
async function rideFourDays(): Promise<void> {
  await setFtp(service.rider, 100, "2026-01-01");
  await ride("2026-05-31T18:00:00Z", TWENTY_FIVE);
  await ride("2026-05-29T10:00:00Z", HUNDRED);
  await ride("2026-05-31T07:00:00Z", TWENTY_FIVE);
}

test("who has not ridden has no days, but those asked for", async () => {
  const { rider } = service;
  expect(await loadOf(rider)).toEqual([]);
  expect(await loadOf(rider, "?to=2026-12-31")).toEqual([]);
  const nothing = { stress: 0, fitness: 0, fatigue: 0, form: 0 };
  expect(await loadOf(rider, "?from=2026-01-31&to=2026-02-01")).toEqual([
    { date: "2026-01-31", ...nothing },
    { date: "2026-02-01", ...nothing },
  ]);
});

test("every day from the first ride to today, the rides of a day added up", async () => {
  await rideFourDays();
  expect(await loadOf(service.rider)).toEqual(FOUR_DAYS);
});

test("a span that begins later carries on the load, one that begins earlier begins with nothing", async () => {
  const { rider } = service;
  await rideFourDays();
  expect(await loadOf(rider, "?from=2026-05-30")).toEqual(FOUR_DAYS.slice(1));
  expect(await loadOf(rider, "?from=2026-06-01")).toEqual(FOUR_DAYS.slice(3));
  expect(await loadOf(rider, "?from=2026-05-31&to=2026-05-31")).toEqual(FOUR_DAYS.slice(2, 3));
  expect(await loadOf(rider, "?to=2026-05-30")).toEqual(FOUR_DAYS.slice(0, 2));
  expect(await loadOf(rider, "?to=2026-05-28")).toEqual([]);
  const nothing = { stress: 0, fitness: 0, fatigue: 0, form: 0 };
  expect(await loadOf(rider, "?from=2026-05-27")).toEqual([
    { date: "2026-05-27", ...nothing },
    { date: "2026-05-28", ...nothing },
    ...FOUR_DAYS,
  ]);
  // Fitness 3.33937 and fatigue 14.44212 of today fade: λ² · 3.33937 = 3.18408 after two days, μ² · 14.44212 = 10.85291.
  expect((await loadOf(rider, "?to=2026-06-03")).at(-1)).toEqual({
    date: "2026-06-03",
    stress: 0,
    fitness: 3.18,
    fatigue: 10.85,
    // λ · 3.33937 − μ · 14.44212 = 3.26080 − 12.51955.
    form: -9.26,
  });
});

test("a span given in instants has the days in which they lie", async () => {
  await rideFourDays();
  const span = "?from=2026-05-30T00:00:00Z&to=2026-06-01T23:59:59Z";
  expect(await loadOf(service.rider, span)).toEqual(FOUR_DAYS.slice(1));
});

describe("days", () => {
  test("are those of the rider, or of tz: a ride by night is on another one elsewhere", async () => {
    const { rider } = service;
    await setFtp(rider, 100, "2026-01-01");
    await ride("2026-05-30T23:00:00Z", HUNDRED);
    const stress = async (query = "") =>
      (await loadOf(rider, query)).map(({ date, stress }) => [date, stress]);
    const days = [
      ["2026-05-30", 100],
      ["2026-05-31", 0],
      ["2026-06-01", 0],
    ];
    expect(await stress()).toEqual(days);
    // One in the morning of the 31st.
    expect(await stress("?tz=Europe/Berlin")).toEqual([["2026-05-31", 100], ...days.slice(2)]);
    await setTimeZone(rider, "Pacific/Kiritimati");
    // 14 h ahead of UTC, today is tomorrow.
    expect(await stress()).toEqual([
      ["2026-05-31", 100],
      ["2026-06-01", 0],
      ["2026-06-02", 0],
    ]);
    expect(await stress("?tz=UTC")).toEqual(days);
  });

  test.each(["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"])(
    "of ten years are all there, each once, across every change of clocks in %s",
    async (zone) => {
      const days = await loadOf(service.rider, `?from=2010-01-01&to=2019-12-31&tz=${zone}`);
      const first = Date.UTC(2010, 0, 1);
      // Ten years with two leap days.
      const dates = Array.from({ length: 3652 }, (_, day) =>
        new Date(first + day * 86_400_000).toISOString(),
      );
      expect(days.map(({ date }) => date)).toEqual(dates.map((date) => date.slice(0, 10)));
    },
  );

  test.each([
    ["2026-03-29, of 23 hours,", "2026-03-28", "2026-03-30", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
    ["2026-10-25, of 25 hours,", "2026-10-24", "2026-10-26", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"],
  ])(
    "the rides of %s in Berlin are on it, and no others",
    async (_, before, after, midnight, nextMidnight) => {
      const { rider } = service;
      await setFtp(rider, 100, "2026-01-01");
      const [first, end] = [Date.parse(midnight), Date.parse(nextMidnight)];
      for (const time of [first - 1, first, first + 12 * 3_600_000, end - 1, end])
        await ride(new Date(time).toISOString(), TWENTY_FIVE);
      const days = await loadOf(rider, `?from=${before}&to=${after}&tz=Europe/Berlin`);
      expect(days.map(({ stress }) => stress)).toEqual([25, 75, 25]);
    },
  );
});

test("rides count that are finished and not in the trash, and those without stress begin the first day", async () => {
  const { rider, app } = service;
  await setFtp(rider, 100, "2026-01-01");
  await setFtp(await registerRider(app), 100, "2026-01-01");
  const dates = async () => (await loadOf(rider, "?to=2026-05-31")).map(({ date, stress }) => [date, stress]);
  const { id } = await ride("2026-05-30T10:00:00Z", HUNDRED);
  await ride("2026-05-29T10:00:00Z", { heartrate: 120 });
  const unfinished = await startRide(rider);
  await sendBatch(rider, unfinished.streamName, eachSecond(36, HUNDRED, Date.UTC(2026, 4, 31)));
  const [rest, hundred] = [
    ["2026-05-29", 0],
    ["2026-05-30", 100],
  ];
  expect(await dates()).toEqual([rest, hundred, ["2026-05-31", 0]]);
  await change(rider, id, "archive");
  await complete(rider, unfinished.id, { archiveTelemetry: false });
  expect(await dates()).toEqual([rest, hundred, ["2026-05-31", 100]]);
  await trash(rider, id);
  expect(await dates()).toEqual([rest, ["2026-05-30", 0], ["2026-05-31", 100]]);
  await change(rider, id, "restore");
  // Of 200 W, ten times as much is a quarter of the stress at five times.
  await setFtp(rider, 200, "2026-05-30");
  await app.deps.rederivation.run(rider.userId);
  expect(await dates()).toEqual([rest, ["2026-05-30", 25], ["2026-05-31", 25]]);
});

test("a span longer than any rider trains is refused, a century is not", async () => {
  const { rider } = service;
  const refusal = await rider.refused("GET", "/api/training-load?from=1900-01-01&to=2026-01-01");
  expect([refusal.status, ...fieldsOf(refusal)]).toEqual([400, "from"]);
  expect(await loadOf(rider, "?from=1926-01-01&to=2025-12-31")).toHaveLength(36_525);
});

// so it stays until the ride is deleted. Clocks that were never set count from 1900 (NTP), and a span that ends far
// ahead is refused on account of a `from` that nobody gave.
test("a ride under a clock that was never set does not keep the others from being seen", async () => {
  await setFtp(service.rider, 100, "1800-01-01");
  await ride("1900-01-01T00:00:00Z", HUNDRED);
  await ride("2026-06-01T10:00:00Z", HUNDRED);
  expect((await loadOf(service.rider)).at(-1)).toMatchObject({ date: "2026-06-01", stress: 100 });
});
