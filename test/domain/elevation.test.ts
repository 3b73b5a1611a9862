import { expect, test } from "bun:test";
import { elevationGain } from "../../src/domain/elevation.ts";

const NONE = Number.NaN;

/** Of altitudes in m, `interval` ms apart. */
function gainOf(altitudes: readonly number[], interval: number): Promise<number | null> {
  const times = Float64Array.from(altitudes, (_, index) => index * interval);
  return elevationGain(times, Float64Array.from(altitudes));
}

// Five seconds apart every altitude is its own mean.
test.each([
  ["a rise of 2 m is none", [100, 102], 0],
  ["in binary 134.2 is more than 2 above 132.2", [132.2, 134.2], 0],
  ["a larger one counts whole", [100, 102.5], 2.5],
  ["a fall of 1.9 m is no turning point: 100 to 105", [100, 103, 101.1, 105], 5],
  ["a fall of 2.5 m is: 100 to 103 and 100.5 to 105", [100, 103, 100.5, 105], 7.5],
  [
    "from the lowest point on, though it comes after the turn: 100 to 103, 99 to 103",
    [100, 103, 100.5, 99, 103],
    7,
  ],
  ["to the highest point, though more come after it: 99 to 104", [99, 103, 104, 102.5, 103.5, 100], 5],
  ["a rise that begins by falling: 98.5 to 101", [100, 98.5, 101], 2.5],
  ["by 1 m at a time: 100 to 104", [100, 101, 102, 103, 104], 4],
  ["by 1 m and back it is none", [100, 101, 100, 101, 100, 101], 0],
  ["down only", [200, 150, 140, 90], 0],
  ["a missing altitude is passed over", [NONE, 100, NONE, 103], 3],
  ["a single altitude climbs nothing", [100], 0],
])("%s", async (_, altitudes, gain) => {
  expect(await gainOf(altitudes, 5000)).toBeCloseTo(gain, 9);
});

test("without an altitude the gain is not known", async () => {
  expect(await gainOf([NONE, Number.NEGATIVE_INFINITY], 1000)).toBeNull();
  expect(await gainOf([], 1000)).toBeNull();
});

test("altitude is the mean of the samples within 2.5 s before and after, these included", async () => {
  // At 1 Hz of five: 0, 0, 0, 0, 5, 5, 5, 5, 5 climbs from 0 to 5 m, but 0, 0, 0, 5, 0, 0, 0 only by 1 m.
  expect(await gainOf([0, 0, 0, 0, 5, 5, 5, 5, 5], 1000)).toBeCloseTo(5, 9);
  expect(await gainOf([0, 0, 0, 5, 0, 0, 0], 1000)).toBe(0);
  // 2.5 s apart each is the mean of three: 0, 10/3, 10/3, 10/3, 0.
  expect(await gainOf([0, 0, 10, 0, 0], 2500)).toBeCloseTo(10 / 3, 9);
  // A little farther apart it is its own.
  expect(await gainOf([0, 0, 10, 0, 0], 2501)).toBe(10);
});

test("a jump above 20 m that is back within 10 s is a dropout, of the barometer", async () => {
  const climb = (dropout: readonly number[]) => gainOf([100, 100, 100, ...dropout, 101, 101, 101], 1000);
  expect(await climb([0, 0, 0])).toBe(0);
  expect(await climb([500, NONE, -300])).toBe(0);
  // Nine seconds between readings that are 10 s apart, and ten.
  expect(await climb(Array(9).fill(0))).toBe(0);
  expect(await climb(Array(10).fill(0))).toBeCloseTo(101, 9);
});

test("a jump of 20 m is none, and what comes back within 20 m of it is back", async () => {
  expect(await gainOf([100, 120, 100], 5000)).toBe(20);
  expect(await gainOf([100, 120.1, 100], 5000)).toBe(0);
  // 85 m is within 20 m of 100 m, and 119 m is too.
  expect(await gainOf([100, 0, 85, 85], 4000)).toBe(0);
  expect(await gainOf([100, 0, 119, 119], 4000)).toBe(19);
});

test("a climb that goes on from a jump that is not taken back counts", async () => {
  expect(await gainOf([100, 150, 151, 152, 153], 5000)).toBe(53);
});

test("jumps at every reading of a quick device cost no more than a look at a thousand each", async () => {
  const altitudes = Array.from({ length: 200_000 }, (_, index) => (index * 997) % 8000);
  const began = performance.now();
  expect(await gainOf(altitudes, 0.01)).not.toBeNull();
  expect(performance.now() - began).toBeLessThan(10_000);
});
