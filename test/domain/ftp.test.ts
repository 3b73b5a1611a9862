import { expect, test } from "bun:test";
import fc from "fast-check";
import { dayAt } from "../../src/domain/calendar.ts";
import { ftpInForce } from "../../src/domain/ftp.ts";

const since = (ftp: number, time: string) => ({ ftp, effectiveFrom: Date.parse(time) });
const inForce = (history: Parameters<typeof ftpInForce>[0], time: string, timeZone = "UTC") =>
  ftpInForce(history, Date.parse(time), timeZone);

test("without one, and before the first, there is none", () => {
  expect(inForce([], "2026-05-04T10:00:00Z")).toBeNull();
  expect(inForce([since(250, "2026-05-05T00:00:00Z")], "2026-05-04T23:59:59.999Z")).toBeNull();
});

test("it holds from the day on which it takes effect until the day of the next", () => {
  const history = [since(260, "2026-06-01T18:00:00Z"), since(250, "2026-05-04T20:00:00Z")];
  expect(inForce(history, "2026-05-03T23:59:59.999Z")).toBeNull();
  expect(inForce(history, "2026-05-04T00:00:00Z")).toBe(250);
  expect(inForce(history, "2026-05-31T23:59:59.999Z")).toBe(250);
  expect(inForce(history, "2026-06-01T00:00:00Z")).toBe(260);
  expect(inForce(history, "2030-01-01T00:00:00Z")).toBe(260);
});

test("of several on one day the last one holds all day", () => {
  const history = [since(270, "2026-05-04T21:00:00Z"), since(250, "2026-05-04T20:00:00Z")];
  expect(inForce(history, "2026-05-04T00:00:00Z")).toBe(270);
});

test("days are those of the time zone", () => {
  // 22:00 UTC is midnight in Berlin and 18:00 in New York.
  const history = [since(250, "2026-05-04T22:00:00Z")];
  expect(inForce(history, "2026-05-04T21:59:59Z", "Europe/Berlin")).toBeNull();
  expect(inForce(history, "2026-05-04T22:00:00Z", "Europe/Berlin")).toBe(250);
  expect(inForce(history, "2026-05-04T04:00:00Z", "America/New_York")).toBe(250);
  expect(inForce(history, "2026-05-04T03:59:59Z", "America/New_York")).toBeNull();
});

test("it is the latest of those that take effect on the day or before", () => {
  const hour = fc.integer({ min: 0, max: 400 }).map((hour) => Date.UTC(2026, 2, 20, hour));
  const entries = fc.uniqueArray(
    fc.record({ ftp: fc.integer({ min: 100, max: 400 }), effectiveFrom: hour }),
    {
      selector: ({ effectiveFrom }) => effectiveFrom,
    },
  );
  fc.assert(
    fc.property(
      entries,
      hour,
      fc.constantFrom("UTC", "Europe/Berlin", "Asia/Tokyo"),
      (entries, time, zone) => {
        const begun = entries.filter(({ effectiveFrom }) => dayAt(effectiveFrom, zone) <= dayAt(time, zone));
        const latest = Math.max(...begun.map(({ effectiveFrom }) => effectiveFrom));
        const expected = begun.find(({ effectiveFrom }) => effectiveFrom === latest)?.ftp ?? null;
        const newestFirst = entries.toSorted((a, b) => b.effectiveFrom - a.effectiveFrom);
        expect(ftpInForce(newestFirst, time, zone)).toBe(expected);
      },
    ),
  );
});
