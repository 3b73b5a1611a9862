import { expect, test } from "bun:test";
import fc from "fast-check";
import { timestampOf } from "../../src/domain/timestamp.ts";

const NOON = Date.UTC(2026, 5, 1, 12);

test.each([
  [NOON, NOON],
  [NOON + 0.25, NOON + 0.25],
  [String(NOON), NOON],
  [` ${NOON}.5 `, NOON + 0.5],
  ["1.7803152e12", NOON],
  [NOON / 1000, NOON],
  [NOON / 1000 + 0.123, NOON + 123],
  [String(NOON / 1000), NOON],
  ["1780315200.123456", NOON + 123.456],
  [NOON * 1000 + 123, NOON + 0.123],
  [`${NOON}000`, NOON],
  [0, 0],
  [-1, -1000],
  [-62_135_596_800_000, -62_135_596_800_000],
])("the number %p is %p", (value, expected) => {
  expect(timestampOf(value)).toBe(expected);
});

test.each([
  [99_999_999_999, 99_999_999_999_000],
  [100_000_000_000, 100_000_000_000],
  [99_999_999_999_999, 99_999_999_999_999],
  [100_000_000_000_000, 100_000_000_000],
  [8.64e18, 8.64e15],
])("%p is on its side of the borders between seconds, milliseconds and microseconds", (value, expected) => {
  expect(timestampOf(value)).toBe(expected);
  expect(timestampOf(-value)).toBe(-expected);
});

test.each([
  ["2026-06-01T12:00:00Z", NOON],
  ["2026-06-01T12:00:00.123Z", NOON + 123],
  ["2026-06-01T12:00:00.123456Z", NOON + 123.456],
  ["2026-06-01T12:00:00.123456789012Z", NOON + 123.456],
  ["2026-06-01T12:00:00,5Z", NOON + 500],
  ["2026-06-01T12:00Z", NOON],
  ["2026-06-01t12:00:00z", NOON],
  ["2026-06-01 12:00:00", NOON],
  ["2026-06-01T12:00:00", NOON],
  ["2026-06-01T14:00:00+02:00", NOON],
  ["2026-06-01T06:30:00-0530", NOON],
  ["2026-06-01T14:00:00+02", NOON],
  ["20260601T120000Z", NOON],
  ["20260601T120000", NOON],
  ["0050-01-01T00:00:00Z", -60_589_296_000_000],
  ["+012026-06-01T12:00:00Z", Date.parse("+012026-06-01T12:00:00Z")],
])("the text %p is %p", (value, expected) => {
  expect(timestampOf(value)).toBe(expected);
});

test.each([
  undefined,
  null,
  true,
  {},
  [[NOON]],
  new Date(NOON),
  1n,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  8.65e18,
  "",
  " ",
  "now",
  "0x10",
  "1e999",
  "Infinity",
  "1,780,315,200",
  "2026-06-01",
  "12:00:00",
  "2026-02-30T12:00:00Z",
  "2026-06-01T25:00:00Z",
  "2026-06-01T12:00:00 Z junk",
  "2026-06-01T12:00:00[Europe/Berlin]",
  "Mon, 01 Jun 2026 12:00:00 GMT",
  "06/01/2026 12:00",
  "+275760-09-13T00:00:00.001Z",
])("%p is no timestamp", (value) => {
  expect(timestampOf(value)).toBeNull();
});

test("an instant is the same however it is written", () => {
  // From 1973, where milliseconds begin, to 2242, up to when a number of seconds has room for microseconds.
  const instants = fc.integer({ min: 100_000_000_000, max: 8_589_000_000_000 });
  fc.assert(
    fc.property(instants, (ms) => {
      expect([
        timestampOf(ms),
        timestampOf(ms / 1000),
        timestampOf(ms * 1000),
        timestampOf(String(ms)),
        timestampOf(String(ms / 1000)),
        timestampOf(new Date(ms).toISOString()),
      ]).toEqual(Array(6).fill(ms));
    }),
  );
});

test("whatever is sent is an instant that a Date can hold, or none", () => {
  const text = fc.stringMatching(/^[+-]?\d{0,6}-?\d{0,2}-?\d{0,2}[T ]?[\d:.,+Ze-]{0,30}$/);
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.double(), fc.string(), text), (value) => {
      const timestamp = timestampOf(value);
      expect(timestamp === null || Number.isFinite(new Date(timestamp).getTime())).toBe(true);
    }),
  );
});

test("a text of 100 KB is looked at once", () => {
  const began = performance.now();
  for (const text of [
    "1".repeat(100_000),
    "1".repeat(100_000).concat("x"),
    " ".repeat(100_000).concat("x"),
  ]) {
    expect(timestampOf(text)).toBeNull();
  }
  expect(performance.now() - began).toBeLessThan(500);
});
