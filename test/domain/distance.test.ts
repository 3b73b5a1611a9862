import { expect, test } from "bun:test";
import { distanceRidden, elevationGain, movingTime } from "../../src/domain/totals.ts";

const NONE = Number.NaN;
const covered = Float64Array.of(1000, 1000, 2000);
const unknown = Float64Array.of(NONE, NONE, NONE);
/** 36 km/h are 10 m/s: 10 + 10 + 0 m. */
const speed = Float64Array.of(36, 36, 0);

test("distance is the last less the first reading", () => {
  expect(distanceRidden(Float64Array.of(NONE, 1000, 1250.5), speed, covered)).toBe(250.5);
  expect(distanceRidden(Float64Array.of(NONE, 1000, NONE), speed, covered)).toBe(0);
});

test("without readings, or with an odometer reset on the way, distance is speed over time", () => {
  expect(distanceRidden(unknown, speed, covered)).toBe(20);
  expect(distanceRidden(Float64Array.of(5000, 5010, 3), speed, covered)).toBe(20);
});

test("without either, distance is not known", () => {
  expect(distanceRidden(unknown, unknown, covered)).toBeNull();
  expect(distanceRidden(Float64Array.of(5000, 5010, 3), unknown, covered)).toBeNull();
});

test.each([
  ["a rise of 2 m is none", [100, 102], 0],
  ["in binary 134.2 is more than 2 above 132.2", [132.2, 134.2], 0],
  ["a larger one counts whole", [100, 102.5], 2.5],
  [
    "the reference follows a fall of more than 2 m: 102.5 − 100, then 103 − 99",
    [100, 102.5, 100.6, 99, 103],
    6.5,
  ],
  ["a missing altitude is passed over", [NONE, 100, NONE, 103], 3],
  ["a single altitude climbs nothing", [100], 0],
])("elevation gain: %s", (_, altitudes, gain) => {
  expect(elevationGain(Float64Array.from(altitudes))).toBeCloseTo(gain, 9);
});

test("without an altitude the gain is not known", () => {
  expect(elevationGain(unknown)).toBeNull();
});

test("any of speed, cadence and power above zero is moving", () => {
  const cadence = Float64Array.of(0, NONE, 0);
  const power = Float64Array.of(0, 0, 5);
  expect(movingTime(covered, [unknown, cadence, unknown])).toBe(0);
  expect(movingTime(covered, [speed, cadence, unknown])).toBe(2000);
  expect(movingTime(covered, [unknown, cadence, power])).toBe(2000);
});
