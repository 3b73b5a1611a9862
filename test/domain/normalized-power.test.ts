import { expect, test } from "bun:test";
import { normalizedPower } from "../../src/domain/normalized-power.ts";
import { times } from "./rides.ts";

test("half a minute is the shortest that has one", () => {
  expect(normalizedPower(Float64Array.from(times(29, 200)))).toBeNull();
  expect(normalizedPower(Float64Array.from(times(30, 200)))).toBeCloseTo(200, 9);
});

test("every full window counts: half a minute of 0 W and one second of 300 W have two, of 0 W and 10 W", () => {
  expect(normalizedPower(Float64Array.from([...times(30, 0), 300]))).toBeCloseTo((10 ** 4 / 2) ** 0.25, 9);
});

test("hard and easy minutes cost more than their mean", () => {
  const watts = Array.from({ length: 3600 }, (_, second) => (Math.floor(second / 60) % 2 ? 100 : 300));
  expect(normalizedPower(Float64Array.from(watts)) ?? 0).toBeGreaterThan(215);
});
