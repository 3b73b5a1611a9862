import { expect, test } from "bun:test";
import { round } from "../../src/domain/rounding.ts";

test.each([
  [0.5, 0, 1],
  [1.4999, 0, 1],
  [-2.5, 0, -2],
  [-0.3, 0, 0],
  [1.005, 2, 1.01],
  [57.95, 2, 57.95],
  [0.9565, 3, 0.957],
  [275.49999999999994, 0, 276],
  [1.7e13, 0, 1.7e13],
])("%p to %p decimals is %p", (value, decimals, expected) => {
  expect(round(value, decimals)).toBe(expected);
});

test("what is not known stays so", () => {
  expect(round(null, 2)).toBeNull();
});
