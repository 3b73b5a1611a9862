import { expect, test } from "bun:test";
import { at, columnOf, maximumOf } from "../../src/domain/column.ts";

test.each([
  ["power", 0, 3000],
  ["cadence", 0, 250],
  ["heartrate", 20, 250],
  ["speed", 0, 200],
  ["altitude", -500, 9000],
] as const)("%s counts from %p to %p", (field, lowest, highest) => {
  const values = [lowest - 0.5, lowest, highest, highest + 0.5];
  const samples = values.map((value, timestamp) => ({ timestamp, [field]: value }));
  expect([...columnOf(samples, field)]).toEqual([Number.NaN, lowest, highest, Number.NaN]);
});

test("a distance may be any length, but not negative or endless", () => {
  const samples = [-1, 0, 1e9, Number.POSITIVE_INFINITY].map((distance, timestamp) => ({
    timestamp,
    distance,
  }));
  expect([...columnOf(samples, "distance")]).toEqual([Number.NaN, 0, 1e9, Number.NaN]);
});

test("what is no number is missing", () => {
  const values = ["200", null, undefined, true, [200], { valueOf: 200 }, Number.NaN];
  const samples = values.map((power, timestamp) => ({ timestamp, power }));
  expect([...columnOf(samples, "power")].every(Number.isNaN)).toBe(true);
});

test("the maximum leaves out what is missing", () => {
  expect(maximumOf(Float64Array.of(Number.NaN, 3, Number.NaN, 7, 5))).toBe(7);
  expect(maximumOf(Float64Array.of(0))).toBe(0);
  expect(maximumOf(Float64Array.of(Number.NaN))).toBeNull();
  expect(maximumOf(new Float64Array())).toBeNull();
});

test("outside its samples a column has no value", () => {
  expect(at(Float64Array.of(1), 0)).toBe(1);
  expect(at(Float64Array.of(1), 1)).toBeNaN();
});
