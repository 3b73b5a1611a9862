import { expect, test } from "bun:test";
import fc from "fast-check";
import { at, maximumOf, medianOf } from "../../src/domain/column.ts";
import { columnOf } from "./rides.ts";

test.each([
  ["power", 0, 3000],
  ["cadence", 0, 250],
  ["heartrate", 20, 250],
  ["speed", 0, 200],
  ["altitude", -500, 9000],
  ["distance", 0, 1e7],
] as const)("%s counts from %p to %p", async (field, lowest, highest) => {
  const values = [lowest - 0.5, lowest, highest, highest + 0.5];
  const samples = values.map((value, timestamp) => ({ timestamp, [field]: value }));
  expect([...(await columnOf(samples, field))]).toEqual([Number.NaN, lowest, highest, Number.NaN]);
});

test("the maximum leaves out what is missing", async () => {
  expect(await maximumOf(Float64Array.of(Number.NaN, 3, Number.NaN, 7, 5))).toBe(7);
  expect(await maximumOf(Float64Array.of(0))).toBe(0);
  expect(await maximumOf(Float64Array.of(Number.NaN))).toBeNull();
  expect(await maximumOf(new Float64Array())).toBeNull();
});

test("outside its samples a column has no value", () => {
  expect(at(Float64Array.of(1), 0)).toBe(1);
  expect(at(Float64Array.of(1), 1)).toBeNaN();
});

test.each([
  [[], Number.NaN],
  [[3], 3],
  [[4, 1], 2.5],
  [[5, 1, 3], 3],
  [[1, 9, 1, 1], 1],
  [[7, 1, 9, 2], 4.5],
])("the median of %p is %p", async (values, median) => {
  expect(await medianOf(Float64Array.from(values))).toBe(median);
});

test("the median is that of the sorted values", async () => {
  const few = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 300, size: "max" });
  const many = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(few, many), async (values) => {
      const sorted = values.toSorted((a, b) => a - b);
      const [lower, upper] = [sorted[(sorted.length - 1) >> 1] ?? 0, sorted[sorted.length >> 1] ?? 0];
      expect(await medianOf(Float64Array.from(values))).toBe((lower + upper) / 2);
    }),
  );
});

test("the median of millions takes no longer in order than in disorder", async () => {
  const ascending = Float64Array.from({ length: 2_000_000 }, (_, index) => index);
  const alike = new Float64Array(2_000_000).fill(1000);
  const began = performance.now();
  expect(await medianOf(ascending)).toBe(999_999.5);
  expect(await medianOf(alike)).toBe(1000);
  expect(performance.now() - began).toBeLessThan(2000);
});

test("no values are chosen so that the median takes the square of their number", async () => {
  // Whoever takes the middle one for the pivot takes the smallest of what is left, each time.
  const values = new Float64Array(400_000);
  const places = Uint32Array.from(values, (_, index) => index);
  for (let from = 0; from < values.length; from++) {
    const middle = (from + values.length - 1) >> 1;
    values[places[middle] ?? 0] = from;
    [places[from], places[middle]] = [places[middle] ?? 0, places[from] ?? 0];
  }
  const began = performance.now();
  expect(await medianOf(values)).toBe(199_999.5);
  expect(performance.now() - began).toBeLessThan(3000);
});
