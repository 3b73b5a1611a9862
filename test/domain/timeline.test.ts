import { expect, test } from "bun:test";
import { coveredAt, Ending, type Pause, timelineOf } from "../../src/domain/timeline.ts";
import { times } from "./rides.ts";

/** An odometer that was never read. */
const none = (count: number) => new Float64Array(count).fill(Number.NaN);

/** The ms each sample covers, and the lengths of both axes. */
async function layOut(
  timestamps: readonly number[],
  pauses: readonly Pause[] = [],
  odometer: Float64Array = none(timestamps.length),
) {
  const timeline = await timelineOf(Float64Array.from(timestamps), odometer, pauses);
  const { elapsed, recorded } = timeline;
  return { covered: timestamps.map((_, index) => coveredAt(timeline, index)), elapsed, recorded };
}

test("a sample covers the time to the next, the last one covers one interval", async () => {
  expect(await layOut([0, 1000, 2000])).toEqual({
    covered: [1000, 1000, 1000],
    elapsed: 3000,
    recorded: 3000,
  });
  expect(await layOut([0, 250, 500, 750])).toEqual({
    covered: [250, 250, 250, 250],
    elapsed: 1000,
    recorded: 1000,
  });
  expect(await layOut([0, 5000, 10_000])).toEqual({
    covered: [5000, 5000, 5000],
    elapsed: 15_000,
    recorded: 15_000,
  });
});

test("the interval is the median gap, of an even count the mean of the middle two", async () => {
  expect((await layOut([0, 1000, 2000, 8000])).covered).toEqual([1000, 1000, 6000, 1000]);
  expect((await layOut([0, 1000, 3000])).covered).toEqual([1000, 2000, 1500]);
});

test("a single sample covers a second, no samples cover nothing", async () => {
  expect(await layOut([42])).toEqual({ covered: [1000], elapsed: 1000, recorded: 1000 });
  expect(await layOut([])).toEqual({ covered: [], elapsed: 0, recorded: 0 });
});

test("a gap above 10 s is a pause: the sample before it covers one interval", async () => {
  const { covered, elapsed, recorded } = await layOut([0, 2000, 4000, 24_000, 26_000]);
  expect(covered).toEqual([2000, 2000, 2000, 2000, 2000]);
  expect(elapsed).toBe(28_000);
  expect(recorded).toBe(10_000);
  expect((await layOut([0, 1000, 2000, 12_000])).covered).toEqual([1000, 1000, 10_000, 1000]);
  expect((await layOut([0, 1000, 2000, 12_001])).covered).toEqual([1000, 1000, 1000, 1000]);
});

test("a device that records seldom may leave three of its median gaps, but not above a minute", async () => {
  // Median 4 s: 12 s are no pause, 12.001 s are one.
  const seldom = [0, 4000, 8000, 12_000];
  expect((await layOut([...seldom, 24_000])).covered).toEqual([4000, 4000, 4000, 12_000, 4000]);
  expect((await layOut([...seldom, 24_001])).covered).toEqual([4000, 4000, 4000, 4000, 4000]);
  // Of two gaps of 1 s and 6 s the mean: 3.5 s, and 10.5 s as the limit, which a gap of its own is no part of.
  expect((await layOut([0, 1000, 7000, 17_500, 18_500])).covered).toEqual([1000, 6000, 10_500, 1000, 3500]);
  // Median 30 s: the limit is a minute, not a minute and a half.
  expect((await layOut([0, 30_000, 60_000, 120_000])).covered).toEqual([30_000, 30_000, 60_000, 30_000]);
  expect((await layOut([0, 30_000, 60_000, 120_001])).covered).toEqual([30_000, 30_000, 30_000, 30_000]);
  // A gap alone is its own median.
  expect(await layOut([0, 60_000])).toEqual({
    covered: [60_000, 60_000],
    elapsed: 120_000,
    recorded: 120_000,
  });
  expect(await layOut([0, 60_001])).toEqual({ covered: [1000, 1000], elapsed: 61_001, recorded: 2000 });
});

test("the gaps that are pauses say nothing of the interval, the median of the others", async () => {
  // 1, 1, 4, 4 s and pauses of 100 s: the median of all is 4 s, of the others 2.5 s.
  const timestamps = [0, 1000, 2000, 6000, 10_000, 110_000, 210_000, 310_000];
  expect((await layOut(timestamps)).covered).toEqual([1000, 1000, 4000, 4000, 2500, 2500, 2500, 2500]);
});

test("a gap up to 300 s in which the odometer advanced by more than 0.5 m/s is no pause", async () => {
  const after = async (gap: number, ...odometer: number[]) =>
    (await layOut([0, 1000, 2000, 2000 + gap], [], Float64Array.of(...odometer))).covered[2];
  // 20 s at 0.5 m/s are 10 m.
  expect(await after(20_000, 0, 5, 10, 20.001)).toBe(20_000);
  expect(await after(20_000, 0, 5, 10, 20)).toBe(1000);
  expect(await after(20_000, 0, 5, 10, 3)).toBe(1000);
  expect(await after(300_000, 0, 5, 10, 160.001)).toBe(300_000);
  expect(await after(300_001, 0, 5, 10, 3000)).toBe(1000);
});

test("a gap with a sample on either side that has no reading of the odometer is a pause", async () => {
  for (const none of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    const before = await layOut([0, 1000, 2000, 22_000], [], Float64Array.of(0, 5, none, 500));
    const after = await layOut([0, 1000, 2000, 22_000], [], Float64Array.of(0, 5, 10, none));
    expect(before.covered).toEqual(times(4, 1000));
    expect(after.covered).toEqual(times(4, 1000));
  }
});

test("samples after which, or in which, there is a pause are told", async () => {
  const { next, pause, insidePause } = Ending;
  const endings = async (timestamps: readonly number[], pauses: readonly Pause[]) => [
    ...(await timelineOf(Float64Array.from(timestamps), none(timestamps.length), pauses)).endings,
  ];
  // The end of the ride is as a pause to its last sample.
  expect(await endings([500, 1500, 31_500, 32_500], [])).toEqual([next, pause, next, pause]);
  expect(await endings([0, 1000, 2000, 3000], [{ from: 1200, to: 2500 }])).toEqual([
    next,
    pause,
    insidePause,
    pause,
  ]);
  expect(await endings([0, 1000, 2000], [{ from: 1000, to: 2000 }])).toEqual([next, insidePause, pause]);
  expect(await endings([0, 1000, 2000], [{ from: 1000, to: 1000 }])).toEqual([next, next, pause]);
});

test("samples of one instant: all but the last of them cover nothing", async () => {
  expect(await layOut([0, 1000, 1000, 1000, 2000])).toEqual({
    covered: [1000, 0, 0, 1000, 500], // gaps 1, 0, 0 and 1 s
    elapsed: 2500,
    recorded: 2500,
  });
});

const everySecond = [0, 1000, 2000, 3000, 4000, 5000];

test("an explicit pause covers nothing, its start in, its end out", async () => {
  expect((await layOut(everySecond, [{ from: 2000, to: 4000 }])).covered).toEqual([
    1000, 1000, 0, 0, 1000, 1000,
  ]);
  expect((await layOut(everySecond, [{ from: 2500, to: 4000 }])).covered).toEqual([
    1000, 1000, 1000, 0, 1000, 1000,
  ]);
});

test("before an explicit pause a sample covers at most one interval, and an empty pause is none", async () => {
  const timestamps = [0, 1000, 2000, 3000, 8000];
  expect((await layOut(timestamps)).covered).toEqual([1000, 1000, 1000, 5000, 1000]);
  expect((await layOut(timestamps, [{ from: 5000, to: 6000 }])).covered).toEqual([
    1000, 1000, 1000, 1000, 1000,
  ]);
  expect((await layOut(timestamps, [{ from: 5000, to: 5000 }])).covered).toEqual([
    1000, 1000, 1000, 5000, 1000,
  ]);
  expect((await layOut([0, 1000, 2000, 2250], [{ from: 2100, to: 2200 }])).covered).toEqual([
    1000, 1000, 250, 1000,
  ]);
});

test("pauses may overlap, come in any order, or not have ended", async () => {
  const pauses = [
    { from: 4000, to: Number.POSITIVE_INFINITY },
    { from: 1000, to: 3000 },
    { from: 1500, to: 2000 },
  ];
  expect(await layOut(everySecond, pauses)).toEqual({
    covered: [1000, 0, 0, 1000, 0, 0],
    elapsed: 6000,
    recorded: 2000,
  });
});
