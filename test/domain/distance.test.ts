import { expect, test } from "bun:test";
import fc from "fast-check";
import { odometerDistance, travelledDistance } from "../../src/domain/distance.ts";
import { signalOf } from "./rides.ts";

const NONE = Number.NaN;

/** The distance of an odometer in m, read once a second. */
function ofOdometer(readings: readonly number[], interval = 1000): Promise<number | null> {
  const times = Float64Array.from(readings, (_, index) => index * interval);
  return odometerDistance(times, Float64Array.from(readings));
}

test.each([
  ["the steps upwards add up", [1000, 1010, 1030.5], 30.5],
  ["what has no reading is passed over", [NONE, 1000, NONE, 1020, NONE, 1030], 30],
  ["two equal readings are no way", [5, 5], 0],
  ["a reset begins anew: 20, and then 3 and 10 from 0", [5000, 5020, 3, 13], 33],
  ["a step above 55.56 m in a second is none", [0, 10, 66, 76], 20],
  ["one of 55 m is", [0, 55], 55],
  ["a reset is a step of the new reading, and 56 m in a second none", [5000, 5010, 56, 66], 20],
  ["a fall that is back is a fault: 10 and 10, and 20 in 2 s across it", [1000, 1010, 0, 1030], 30],
  ["at the very reading before", [1000, 1010, 0, 0, 1010, 1015], 15],
  ["a fault that lies between readings that fall again", [1000, 900, 950, 800, 1040], 40],
  ["what closes a fault counts if not faster than 200 km/h", [1000, 1010, 0, 1200, 1210], 20],
  ["a zero at the end is a reset of no way", [1000, 1010, 0], 10],
])("%s", async (_, readings, metres) => {
  expect(await ofOdometer(readings)).toBeCloseTo(metres, 9);
});

test("a fall that is back after 10 s is a fault, after more than that a reset", async () => {
  // Of 1010 m at 1 s; back at 11 s: one step of 40 m.
  const fall = [1000, 1010, ...Array(9).fill(5), 1050];
  expect(await ofOdometer(fall)).toBe(50);
  // Back at 12 s: 5 m of the reset; the way from 5 to 1050 m in a second was not ridden.
  expect(await ofOdometer([1000, 1010, ...Array(10).fill(5), 1050])).toBe(15);
});

test("with fewer than two readings an odometer tells nothing", async () => {
  const times = Float64Array.of(0, 1000, 2000);
  expect(await odometerDistance(times, Float64Array.of(NONE, NONE, NONE))).toBeNull();
  expect(await odometerDistance(times, Float64Array.of(NONE, 1000, Number.NEGATIVE_INFINITY))).toBeNull();
  expect(await odometerDistance(times, Float64Array.of(NONE, 1000, 1000))).toBe(0);
});

test("the distance by speed is speed over the time in which it is known", async () => {
  // 36 km/h are 10 m/s: 10 + 10 + 0 m.
  expect(await travelledDistance(await signalOf([0, 1000, 2000], [36, 36, 0]))).toBe(20);
  expect(await travelledDistance(await signalOf([0, 1000, 2000], [NONE, NONE, NONE]))).toBeNull();
});

/** The definition word for word, looking ahead at every fall. */
function byHand(times: readonly number[], metres: readonly number[]): number {
  let total = 0;
  for (let last = 0, next = 1; next < metres.length; last = next, next++) {
    const [from, at] = [metres[last] ?? 0, times[last] ?? 0];
    let step = (metres[next] ?? 0) - from;
    if (step < 0) {
      const back = metres.findIndex((reading, index) => index > last && reading >= from);
      if (back !== -1 && (times[back] ?? 0) - at <= 10_000) next = back;
      step = next === back ? (metres[next] ?? 0) - from : (metres[next] ?? 0);
    }
    if (step / (((times[next] ?? 0) - at) / 1000) <= 200 / 3.6) total += step;
  }
  return total;
}

test("whatever an odometer does, the distance is what the definition says", async () => {
  const step = fc.record({
    gap: fc.constantFrom(500, 1000, 1000, 3000, 12_000),
    metres: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(0, 1000, 1010)),
  });
  return fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 60, size: "max" }), async (steps) => {
      let time = 0;
      const times = steps.map(({ gap }) => (time += gap));
      const metres = steps.map((reading) => reading.metres);
      const distance = await odometerDistance(Float64Array.from(times), Float64Array.from(metres));
      expect(distance).toBeCloseTo(byHand(times, metres), 6);
    }),
    { numRuns: 500 },
  );
});

test("an odometer that falls all the way costs no more than one that climbs", async () => {
  const falling = Array.from({ length: 400_000 }, (_, index) => 400_000 - index);
  const began = performance.now();
  expect(await ofOdometer(falling)).toBe(
    falling
      .slice(1)
      .filter((metres) => metres <= 200 / 3.6)
      .reduce((a, b) => a + b),
  );
  expect(performance.now() - began).toBeLessThan(2000);
});
