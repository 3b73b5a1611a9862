import { expect, test } from "bun:test";
import { type Pause, timelineOf } from "../../src/domain/timeline.ts";
import { samplesAt } from "./rides.ts";

/** The ms each sample covers, and the lengths of both axes. */
function layOut(timestamps: readonly number[], pauses: readonly Pause[] = []) {
  const { clock, recorded } = timelineOf(samplesAt(timestamps), pauses);
  return { covered: [...clock.covered], elapsed: clock.length, recorded: recorded.length };
}

test("a sample covers the time to the next, the last one covers one interval", () => {
  expect(layOut([0, 1000, 2000])).toEqual({ covered: [1000, 1000, 1000], elapsed: 3000, recorded: 3000 });
  expect(layOut([0, 250, 500, 750])).toEqual({
    covered: [250, 250, 250, 250],
    elapsed: 1000,
    recorded: 1000,
  });
  expect(layOut([0, 5000, 10_000])).toEqual({
    covered: [5000, 5000, 5000],
    elapsed: 15_000,
    recorded: 15_000,
  });
});

test("the interval is the median gap, of an even count the mean of the middle two", () => {
  expect(layOut([0, 1000, 2000, 8000]).covered).toEqual([1000, 1000, 6000, 1000]);
  expect(layOut([0, 1000, 3000]).covered).toEqual([1000, 2000, 1500]);
});

test("a single sample covers a second, no samples cover nothing", () => {
  expect(layOut([42])).toEqual({ covered: [1000], elapsed: 1000, recorded: 1000 });
  expect(layOut([])).toEqual({ covered: [], elapsed: 0, recorded: 0 });
});

test("a gap above 10 s is a pause: the sample before it covers one interval", () => {
  const { covered, elapsed, recorded } = layOut([0, 2000, 4000, 24_000, 26_000]);
  expect(covered).toEqual([2000, 2000, 2000, 2000, 2000]);
  expect(elapsed).toBe(28_000);
  expect(recorded).toBe(10_000);
  expect(layOut([0, 10_000]).covered).toEqual([10_000, 10_000]);
  expect(layOut([0, 10_001]).covered).toEqual([1000, 1000]);
});

test("the recorded axis cuts pauses out, the clock axis keeps them", () => {
  const { clock, recorded } = timelineOf(samplesAt([500, 1500, 31_500]), []);
  expect([...clock.starts]).toEqual([0, 1000, 31_000]);
  expect([...recorded.starts]).toEqual([0, 1000, 2000]);
});

const everySecond = [0, 1000, 2000, 3000, 4000, 5000];

test("an explicit pause covers nothing, its start in, its end out", () => {
  expect(layOut(everySecond, [{ from: 2000, to: 4000 }]).covered).toEqual([1000, 1000, 0, 0, 1000, 1000]);
  expect(layOut(everySecond, [{ from: 2500, to: 4000 }]).covered).toEqual([1000, 1000, 1000, 0, 1000, 1000]);
});

test("before an explicit pause a sample covers at most one interval, and an empty pause is none", () => {
  const timestamps = [0, 1000, 2000, 3000, 8000];
  expect(layOut(timestamps).covered).toEqual([1000, 1000, 1000, 5000, 1000]);
  expect(layOut(timestamps, [{ from: 5000, to: 6000 }]).covered).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(layOut(timestamps, [{ from: 5000, to: 5000 }]).covered).toEqual([1000, 1000, 1000, 5000, 1000]);
  expect(layOut([0, 1000, 2000, 2250], [{ from: 2100, to: 2200 }]).covered).toEqual([1000, 1000, 250, 1000]);
});

test("pauses may overlap, come in any order, or not have ended", () => {
  const pauses = [
    { from: 4000, to: Number.POSITIVE_INFINITY },
    { from: 1000, to: 3000 },
    { from: 1500, to: 2000 },
  ];
  expect(layOut(everySecond, pauses)).toEqual({
    covered: [1000, 0, 0, 1000, 0, 0],
    elapsed: 6000,
    recorded: 2000,
  });
});
