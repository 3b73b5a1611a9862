import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  dayAt,
  firstOfMonth,
  formatDay,
  isTimeZone,
  parseDay,
  startOfDay,
} from "../../src/domain/calendar.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
];
const zone = fc.constantFrom(...ZONES);
/** Any day with a year of four digits. */
const day = fc.integer({ min: parseDay("0000-01-01"), max: parseDay("9999-12-31") });

const dayOf = (time: string, timeZone: string) => formatDay(dayAt(Date.parse(time), timeZone));
const startOf = (day: string, timeZone: string) =>
  new Date(startOfDay(parseDay(day), timeZone)).toISOString();

describe("days by number", () => {
  test.each([
    ["1970-01-01", 0],
    ["1969-12-31", -1],
    ["1970-12-31", 364],
    // 30 years of 365 days with 7 leap days up to 2000, which is one itself.
    ["2000-01-01", 10_957],
    ["2000-03-01", 11_017],
    ["0000-01-01", -719_528],
    ["9999-12-31", 2_932_896],
  ])("%s is %d", (text, number) => {
    expect(parseDay(text)).toBe(number);
    expect(formatDay(number)).toBe(text);
  });

  test("are read as they are written, and count up by one", () => {
    fc.assert(
      fc.property(day, (number) => {
        expect(parseDay(formatDay(number))).toBe(number);
        expect(Date.parse(formatDay(number + 1)) - Date.parse(formatDay(number))).toBe(86_400_000);
      }),
    );
  });
});

describe("the day at an instant", () => {
  test.each([
    ["2026-06-01T00:00:00Z", "UTC", "2026-06-01"],
    ["2026-05-31T23:59:59.999Z", "UTC", "2026-05-31"],
    ["1969-12-31T23:59:59.999Z", "UTC", "1969-12-31"],
    // Midnight in Berlin: an hour ahead in winter, two in summer.
    ["2026-01-31T22:59:59.999Z", "Europe/Berlin", "2026-01-31"],
    ["2026-01-31T23:00:00Z", "Europe/Berlin", "2026-02-01"],
    ["2026-07-31T21:59:59.999Z", "Europe/Berlin", "2026-07-31"],
    ["2026-07-31T22:00:00Z", "Europe/Berlin", "2026-08-01"],
    ["2026-06-01T10:00:00Z", "Pacific/Kiritimati", "2026-06-02"],
    ["2026-06-01T10:59:59.999Z", "Pacific/Pago_Pago", "2026-05-31"],
    ["2026-06-01T18:15:00Z", "Asia/Kathmandu", "2026-06-02"],
    // Samoa went from the 29th, UTC−10, to the 31st, UTC+14.
    ["2011-12-30T09:59:59.999Z", "Pacific/Apia", "2011-12-29"],
    ["2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31"],
    // Before standard time Berlin went by its sun, 53 min 28 s ahead.
    ["1849-12-31T23:06:31Z", "Europe/Berlin", "1849-12-31"],
    ["1849-12-31T23:06:32Z", "Europe/Berlin", "1850-01-01"],
  ])("%s in %s is %s", (time, timeZone, day) => {
    expect(dayOf(time, timeZone)).toBe(day);
  });

  test.each([8.64e15, -8.64e15])("%d, as far as a Date reaches, has one in every zone", (time) => {
    for (const timeZone of ZONES) expect(Math.abs(dayAt(time, timeZone) - time / 86_400_000)).toBeLessThan(2);
  });
});

describe("the start of a day", () => {
  test.each([
    ["2026-06-01", "UTC", "2026-06-01T00:00:00.000Z"],
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    // Midnight is skipped: at 03:00 UTC it is one o'clock.
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
    // The evening before is there twice, midnight but once, at UTC−3.
    ["2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00.000Z"],
    // Midnight is there twice, in Havana, and the day begins with the first.
    ["2026-11-01", "America/Havana", "2026-11-01T04:00:00.000Z"],
    // A day that was left out begins where it would have: with the next.
    ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    ["2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    ["1850-01-01", "Europe/Berlin", "1849-12-31T23:06:32.000Z"],
    ["0050-03-01", "UTC", "0050-03-01T00:00:00.000Z"],
    // By the sun, Kiritimati is behind, not ahead.
    ["0000-01-01", "Pacific/Kiritimati", "0000-01-01T10:29:20.000Z"],
    ["9999-12-31", "Pacific/Pago_Pago", "9999-12-31T11:00:00.000Z"],
  ])("%s in %s is %s", (day, timeZone, start) => {
    expect(startOf(day, timeZone)).toBe(start);
  });

  test("is the first instant of it, or where the day was left out, of the next", () => {
    fc.assert(
      fc.property(day, zone, (day, timeZone) => {
        const start = startOfDay(day, timeZone);
        const wasLeftOut = dayAt(start, timeZone) !== day;
        expect(dayAt(start, timeZone)).toBe(wasLeftOut ? day + 1 : day);
        expect(dayAt(start - 1, timeZone)).toBeLessThan(day);
        if (wasLeftOut) expect(timeZone).toStartWith("Pacific/");
      }),
    );
  });

  test("is 23 to 25 hours before that of the next", () => {
    // From 1970 to 2079. Kathmandu once went ahead by a quarter of an hour, Lord Howe does so by half an hour.
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40_000 }),
        fc.constantFrom(...ZONES.slice(0, 6)),
        (day, timeZone) => {
          const hours = (startOfDay(day + 1, timeZone) - startOfDay(day, timeZone)) / 3_600_000;
          expect([23, 23.5, 23.75, 24, 24.5, 25]).toContain(hours);
        },
      ),
    );
  });
});

describe("the first of a month", () => {
  test.each([
    [2026, 1, "2026-01-01"],
    [2026, 12, "2026-12-01"],
    [2026, 13, "2027-01-01"],
    [2024, 3, "2024-03-01"],
    // Not of 1950.
    [50, 2, "0050-02-01"],
    [1, 1, "0001-01-01"],
    [99, 13, "0100-01-01"],
    [9999, 12, "9999-12-01"],
    [9999, 13, "+010000-01-01"],
  ])("%d-%d is %s", (year, month, day) => {
    expect(formatDay(firstOfMonth(year, month))).toBe(day);
  });
});

test("time zones are those of the tz database, in any case; offsets and abbreviations are none", () => {
  for (const name of [...ZONES, "europe/berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires"])
    expect([name, isTimeZone(name)]).toEqual([name, true]);
  for (const name of ["", " ", "+01:00", "-05", "01:00", "Mars/Olympus", "Berlin", "CEST", "UTC\0", "UTC+1"])
    expect([name, isTimeZone(name)]).toEqual([name, false]);
});

test("whatever name is taken for a time zone has days", () => {
  for (const name of Intl.supportedValuesOf("timeZone")) {
    expect(isTimeZone(name)).toBe(true);
    expect(dayAt(startOfDay(20_000, name), name)).toBe(20_000);
  }
});
