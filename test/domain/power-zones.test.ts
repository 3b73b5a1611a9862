import { expect, test } from "bun:test";
import { powerZones } from "../../src/domain/power-zones.ts";

test("each zone has its lower bound in: 55, 75, 90, 105, 120 and 150 % of 200 W", () => {
  const bounds = Float64Array.of(0, 110, 150, 180, 210, 240, 300);
  expect(powerZones(bounds, 200)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(powerZones(bounds.map((watts) => watts - 0.1).subarray(1), 200)).toEqual([1, 1, 1, 1, 1, 1, 0]);
});

test("no seconds make seven empty zones", () => {
  expect(powerZones(new Float64Array(), 200)).toEqual([0, 0, 0, 0, 0, 0, 0]);
});
