import { expect, test } from "bun:test";
import { integrate, meanOf } from "../../src/domain/integral.ts";

const covered = Float64Array.of(1000, 3000, 500);

test("values weigh by the time they cover, missing ones not at all", () => {
  const column = Float64Array.of(100, 200, Number.NaN);
  expect(integrate(column, covered)).toEqual({ area: 700_000, time: 4000 });
  expect(meanOf(column, covered)).toBe(175);
});

test("without covered time that has a value there is nothing to integrate", () => {
  expect(integrate(Float64Array.of(Number.NaN), covered)).toBeNull();
  expect(meanOf(Float64Array.of(100), Float64Array.of(0))).toBeNull();
  expect(meanOf(new Float64Array(), new Float64Array())).toBeNull();
});
