import { describe, expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { recordsOf, rideAt, setTimeZone, totalsOf } from "./analysis.ts";

const service = useService();

/** The power of the record over 5 s in a span; null where there was no ride. */
async function best(query: string): Promise<number | null> {
  const [record] = await recordsOf(service.rider, query);
  return record?.value ?? null;
}

/** Rides at the given times, the first at 101 W, the second at 102 W and so on. */
async function ridesAt(times: readonly string[]): Promise<void> {
  for (const [index, time] of times.entries()) await rideAt(service.rider, time, { power: 101 + index });
}

test("days and instants are both included, and an end left out is open", async () => {
  await ridesAt(["2026-03-03T23:59:59.999Z", "2026-03-02T12:00:00Z", "2026-03-01T00:00:00Z"]);
  expect(await best("")).toBe(103);
  expect(await best("?from=2026-03-01")).toBe(103);
  expect(await best("?from=2026-03-01T00:00:00.001Z")).toBe(102);
  expect(await best("?from=2026-03-02&to=2026-03-02")).toBe(102);
  expect(await best("?from=2026-03-02T12:00:00Z&to=2026-03-02T12:00:00Z")).toBe(102);
  expect(await best("?from=2026-03-02T13:00:00%2B01:00")).toBe(102);
  expect(await best("?from=2026-03-02T13:00:00.001%2B01:00")).toBe(101);
  expect(await best("?from=2026-03-03&to=2026-03-03")).toBe(101);
  expect(await best("?to=2026-03-02")).toBe(103);
  expect(await best("?from=2026-03-04")).toBeNull();
  expect(await best("?to=2026-02-28")).toBeNull();
});

test("days are those of the rider, or those of tz", async () => {
  const { rider } = service;
  // Half past eleven in the evening of the 1st in UTC is the 2nd in Berlin, and still the 1st in New York.
  await ridesAt(["2026-03-01T23:30:00Z"]);
  const days = async (tz = "") => [
    await best(`?from=2026-03-01&to=2026-03-01${tz}`),
    await best(`?from=2026-03-02&to=2026-03-02${tz}`),
  ];
  expect(await days()).toEqual([101, null]);
  expect(await days("&tz=Europe/Berlin")).toEqual([null, 101]);
  await setTimeZone(rider, "Europe/Berlin");
  expect(await days()).toEqual([null, 101]);
  expect(await days("&tz=America/New_York")).toEqual([101, null]);
  await setTimeZone(rider, null);
  expect(await days()).toEqual([101, null]);
  // Instants are the same everywhere.
  expect(await best("?from=2026-03-01T23:30:00Z&to=2026-03-01T23:30:00Z&tz=Asia/Tokyo")).toBe(101);
});

describe("a day on which the clocks change", () => {
  /** How many of the rides began on a day. */
  const ridesOn = async (day: string, tz: string) =>
    (await totalsOf(service.rider, `?from=${day}&to=${day}&tz=${tz}`)).workoutCount;

  test.each([
    // Midnight is at 23:00 UTC in winter and at 22:00 in summer: the 29th of March has 23 hours, …
    ["Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"],
    // … and the 25th of October has 25.
    ["Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z"],
    // From midnight, 03:00 UTC, the clocks go to one o'clock: the 4th begins there, and ends at 02:00 UTC.
    ["America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z", "2018-11-05T01:59:59.999Z"],
    // From midnight, 02:00 UTC, the clocks go back to eleven: the 17th lasts an hour longer.
    ["America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z", "2018-02-18T02:59:59.999Z"],
    // By half an hour: from 02:00, which is 15:00 UTC, to half past one. Midnight is at 13:00, then at 13:30 UTC.
    ["Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", "2026-04-05T13:29:59.999Z"],
    // The day before the one that was left out, and the day after: from UTC−10 to UTC+14.
    ["Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000Z", "2011-12-30T09:59:59.999Z"],
    ["Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", "2011-12-31T09:59:59.999Z"],
  ])("%s, %s is from %s to %s", async (tz, day, first, last) => {
    const just = (time: string, milliseconds: number) =>
      new Date(Date.parse(time) + milliseconds).toISOString();
    await ridesAt([just(first, -1), just(last, 1)]);
    expect(await ridesOn(day, tz)).toBe(0);
    await ridesAt([first, last]);
    expect(await ridesOn(day, tz)).toBe(2);
  });

  // millisecond lies before its first.
  test("the day that Samoa left out is empty", async () => {
    await ridesAt(["2011-12-30T09:59:59.999Z", "2011-12-30T10:00:00Z"]);
    expect(await ridesOn("2011-12-30", "Pacific/Apia")).toBe(0);
  });
});

test.each([
  ["from=2026-02-30", "from"],
  ["from=yesterday", "from"],
  ["from=", "from"],
  ["from=2026-01-01&from=2026-01-02", "from"],
  ["to=2026-01-01T25:00:00Z", "to"],
  ["to=2026-01-01T10:00:00", "to"],
  ["from=2026-01-02&to=2026-01-01", "to"],
  ["from=2026-01-02T10:00:00Z&to=2026-01-02T09:59:59Z", "to"],
  ["from=2026-01-02T00:00:00Z&to=2026-01-01", "to"],
  ["tz=Mars/Olympus", "tz"],
  ["tz=%2B01:00", "tz"],
  ["tz=", "tz"],
])("?%s is refused wherever a span is taken, with %s named", async (query, field) => {
  for (const route of ["records", "power-curve", "stats", "training-load"]) {
    const refusal = await service.rider.refused("GET", `/api/${route}?${query}`);
    expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
    expect(fieldsOf(refusal)).toEqual([field]);
  }
});

test("every field that is wrong is named at once", async () => {
  const refusal = await service.rider.refused("GET", "/api/stats?from=x&to=y&tz=z&sport=");
  expect(fieldsOf(refusal)).toEqual(["from", "to", "tz", "sport"]);
});
