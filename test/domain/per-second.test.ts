import { expect, test } from "bun:test";
import fc from "fast-check";
import { perSecond, wholeSeconds } from "../../src/domain/per-second.ts";
import { ABSENT } from "../../src/domain/recording.ts";
import { timelineOf } from "../../src/domain/timeline.ts";
import { brokenRide, denseSeconds } from "./dense-ride.ts";
import { columnOf, secondsOf, signalOf, times } from "./rides.ts";

const NONE = Number.NaN;

/** Second → value on both axes, for samples at the given ms. */
async function series(timestamps: readonly number[], values: readonly number[]) {
  const signal = await signalOf(timestamps, values);
  const onClock = secondsOf(await perSecond(signal, "clock"));
  const onRecorded = secondsOf(await perSecond(signal, "recorded"));
  return { onClock, onRecorded };
}

test("at 1 Hz each sample is its second", async () => {
  expect((await series([0, 1000, 2000], [100, 0, 300])).onClock).toEqual([
    [0, 100],
    [1, 0],
    [2, 300],
  ]);
});

test("at 4 Hz a second is the mean of four samples, at 0.2 Hz a sample is five seconds", async () => {
  expect((await series([0, 250, 500, 750], [100, 200, 300, 400])).onRecorded).toEqual([[0, 250]]);
  expect((await series([0, 5000], [100, 200])).onRecorded.map(([, value]) => value)).toEqual([
    ...[100, 100, 100, 100, 100],
    ...[200, 200, 200, 200, 200],
  ]);
});

test("samples beside the whole second weigh by their share of it", async () => {
  // 100 W until 1.6 s, 300 W from there to 3.2 s: second 1 is 0.6 · 100 + 0.4 · 300. The last 0.2 s are no second.
  const { onRecorded } = await series([0, 1600], [100, 300]);
  expect(onRecorded).toEqual([
    [0, 100],
    [1, 180],
    [2, 300],
  ]);
});

test("a dropout weighs nothing, and a second of dropouts is not there", async () => {
  const { onRecorded } = await series([0, 250, 500, 750, 1000, 2000], [100, NONE, NONE, 300, NONE, 50]);
  // The median gap is 250 ms, so that the last sample does not fill a second.
  expect(onRecorded).toEqual([[0, 200]]);
});

test("a pause weighs as zero on the clock axis and is not there on the recorded one", async () => {
  const { onClock, onRecorded } = await series([0, 500, 20_000, 20_500], [200, 100, 400, 400]);
  expect(onClock).toEqual([
    [0, 150],
    [20, 400],
  ]);
  expect(onRecorded).toEqual([
    [0, 150],
    [1, 400],
  ]);
  // Half a second of 200 W, then a pause: on the clock a second of 100 W, cut out a second of 200 W and 400 W.
  const halves = await series([0, 20_000, 20_500, 21_000], [200, 400, 400, 400]);
  expect(halves.onClock).toEqual([
    [0, 100],
    [20, 400],
  ]);
  expect(halves.onRecorded).toEqual([
    [0, 300],
    [1, 400],
  ]);
});

test("nothing has no seconds", async () => {
  expect(await series([], [])).toEqual({ onClock: [], onRecorded: [] });
  expect(await series([0, 250], [100, 100])).toEqual({ onClock: [], onRecorded: [] });
});

test("equal seconds that follow each other are one run, however long", async () => {
  // 200 W for 3 s, a dropout of 1 s, 200 W for 2 s, 100 W for a second.
  const signal = await signalOf([0, 1000, 3000, 4000, 5000, 6000], [200, 200, NONE, 200, 200, 100]);
  const series = await perSecond(signal, "recorded");
  expect(series).toEqual({
    starts: Float64Array.of(0, 4, 6),
    counts: Float64Array.of(3, 2, 1),
    values: Float64Array.of(200, 200, 100),
  });
  expect(wholeSeconds(signal.timeline, "recorded")).toBe(7);
});

test("a value that ends 10 s after its timestamp ends in the middle of a second and of a sample", async () => {
  // 200 W at 0.25 s, which is second 0 of the axis, and then samples without power: known until second 10.
  const signal = await signalOf([250, 6250, 12_250], [200, ABSENT, ABSENT]);
  expect(secondsOf(await perSecond(signal, "clock"))).toEqual(
    Array.from({ length: 10 }, (_, second) => [second, 200]),
  );
  // 200 W at 0.5 s are known until 10.5 s: of second 10 only half, and what is unknown of it weighs nothing.
  const beside = await signalOf([0, 500, 9750], [NONE, 200, ABSENT]);
  expect(secondsOf(await perSecond(beside, "clock"))).toEqual(
    Array.from({ length: 11 }, (_, second) => [second, 200]),
  );
});

test("every sample has its seconds to the last, though each begins and ends within one and a pause follows", async () => {
  // Four samples 5 s apart and then a minute of pause, over and over: on the clock each sample is up to three runs.
  const timestamps = times(40, 0).map(
    (_, index) => Math.floor(index / 4) * 80_000 + (index % 4) * 5000 + 300,
  );
  const values = timestamps.map((_, index) => 100 + index);
  const seconds = new Map((await series([0, ...timestamps], [50, ...values])).onClock);
  for (const [index, timestamp] of timestamps.entries()) {
    expect(seconds.get(Math.ceil(timestamp / 1000))).toBe(100 + index);
  }
});

test("equals the definition over a dense clock on both axes, whatever the pauses, dropouts and turns", async () =>
  fc.assert(
    fc.asyncProperty(brokenRide, async ({ samples, pauses }) => {
      const timestamps = Float64Array.from(samples, ({ timestamp }) => timestamp);
      const timeline = await timelineOf(timestamps, await columnOf(samples, "distance"), pauses);
      const signal = { column: await columnOf(samples, "power"), timeline };
      for (const axis of ["clock", "recorded"] as const) {
        const dense = denseSeconds(samples, pauses, axis);
        expect(wholeSeconds(timeline, axis)).toBe(dense.length);
        const series = new Map(secondsOf(await perSecond(signal, axis)));
        dense.forEach((value, second) => {
          if (value === null) expect(series.has(second)).toBe(false);
          else expect(series.get(second)).toBeCloseTo(value, 6);
        });
      }
    }),
    { numRuns: 300 },
  ));
