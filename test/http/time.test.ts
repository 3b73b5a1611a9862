import { describe, expect, test } from "bun:test";
import { ALL_TIME, beginning, spanOf } from "../../src/domain/span.ts";
import { dayOrTime, timeZone } from "../../src/http/time.ts";

const iso = (time: number | Date) => new Date(time).toISOString();

describe("a day or an instant", () => {
  test.each([
    "2026-05-31",
    "2024-02-29",
    "0001-01-01",
    "9999-12-31",
    "2026-05-31T08:00:00Z",
    "2026-05-31T08:00:00.123Z",
    "2026-05-31T08:00:00+02:00",
    "2026-05-31T08:00:00-09:30",
  ])("%s is one", (text) => {
    expect(dayOrTime.parse(text)).toBe(text);
    expect(Number.isFinite(beginning(text, "Europe/Berlin"))).toBe(true);
  });

  test.each([
    "",
    " ",
    "now",
    "2026",
    "2026-05",
    "2026-5-31",
    "2026-02-29",
    "2026-13-01",
    "2026-04-31",
    "31.05.2026",
    "2026-05-31T08:00:00",
    "2026-05-31T24:00:00Z",
    "2026-05-31T08:60:00Z",
    "2026-05-31 08:00:00Z",
    "2026-05-31T08:00:00 02:00",
    "1780000000000",
    "+010000-01-01",
  ])("%p is none", (text) => {
    const result = dayOrTime.safeParse(text);
    expect(result.success).toBe(false);
    expect(result.error?.issues.map(({ message }) => message)).toEqual([
      "must be a date such as 2026-05-31, or a time such as 2026-05-31T08:00:00Z",
    ]);
  });
});

test("what else is taken for an instant is one", () => {
  const odd = [
    "2026-05-31T08:00Z",
    "2026-05-31T08:00:00.123456789Z",
    "2026-05-31T08:00:00+23:59",
    "0000-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999-23:59",
    "2026-05-31T08:00:00+02",
    "2026-05-31T08:00:00+0200",
    "2026-05-31T08:00:00z",
    "2026-05-31T23:59:60Z",
  ];
  const taken = odd.filter((text) => dayOrTime.safeParse(text).success);
  expect(taken.filter((text) => Number.isNaN(beginning(text, "UTC")))).toEqual([]);
});

describe("a span", () => {
  test("of days is from the first moment to the last", () => {
    const span = spanOf({ from: "2026-03-29", to: "2026-10-25" }, "Europe/Berlin");
    // Winter time ends on the one and begins on the other.
    expect([iso(span.from), iso(span.to)]).toEqual(["2026-03-28T23:00:00.000Z", "2026-10-25T22:59:59.999Z"]);
  });

  test("of instants is as they are", () => {
    const span = spanOf({ from: "2026-03-29T10:00:00+02:00", to: "2026-03-29T10:00:00Z" }, "Asia/Tokyo");
    expect([iso(span.from), iso(span.to)]).toEqual(["2026-03-29T08:00:00.000Z", "2026-03-29T10:00:00.000Z"]);
  });

  test("may be of both, and is open where an end is missing", () => {
    expect(spanOf({}, "UTC")).toEqual(ALL_TIME);
    expect(spanOf({ from: "2026-01-01" }, "UTC")).toEqual({
      from: new Date("2026-01-01"),
      to: ALL_TIME.to,
    });
    expect(spanOf({ to: "2026-01-01" }, "UTC")).toEqual({
      from: ALL_TIME.from,
      to: new Date("2026-01-01T23:59:59.999Z"),
    });
    expect(spanOf({ from: "2026-01-01", to: "2026-01-01T10:00:00Z" }, "UTC")).toEqual({
      from: new Date("2026-01-01"),
      to: new Date("2026-01-01T10:00:00Z"),
    });
  });

  test("of the first and the last day there can be is one, everywhere", () => {
    for (const zone of ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
      const { from, to } = spanOf({ from: "0000-01-01", to: "9999-12-31" }, zone);
      expect(to.getTime() - from.getTime()).toBeGreaterThan(9998 * 365 * 86_400_000);
    }
  });

  test("of a day that was left out has not one instant", () => {
    const { from, to } = spanOf({ from: "2011-12-30", to: "2011-12-30" }, "Pacific/Apia");
    expect(to.getTime() - from.getTime()).toBe(-1);
  });
});

test("a time zone has a name", () => {
  expect(timeZone.parse("Europe/Berlin")).toBe("Europe/Berlin");
  for (const name of ["", "+02:00", "Berlin"]) {
    expect(timeZone.safeParse(name).error?.issues.map(({ message }) => message)).toEqual([
      "is no time zone such as Europe/Berlin",
    ]);
  }
});
