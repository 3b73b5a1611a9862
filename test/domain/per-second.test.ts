import { expect, test } from "bun:test";
import { perSecond } from "../../src/domain/per-second.ts";
import { timelineOf } from "../../src/domain/timeline.ts";
import { samplesAt } from "./rides.ts";

const NONE = Number.NaN;

/** Second → value on both axes, for samples at the given ms. */
function series(timestamps: readonly number[], values: readonly number[]) {
  const { clock, recorded } = timelineOf(samplesAt(timestamps), []);
  const [onClock, onRecorded] = [clock, recorded].map((axis) => {
    const { seconds, values: means } = perSecond(axis, Float64Array.from(values));
    return [...seconds].map((second, index) => [second, means[index]]);
  });
  return { onClock, onRecorded };
}

test("at 1 Hz each sample is its second", () => {
  expect(series([0, 1000, 2000], [100, 0, 300]).onClock).toEqual([
    [0, 100],
    [1, 0],
    [2, 300],
  ]);
});

test("at 4 Hz a second is the mean of four samples, at 0.2 Hz a sample is five seconds", () => {
  expect(series([0, 250, 500, 750], [100, 200, 300, 400]).onRecorded).toEqual([[0, 250]]);
  expect(series([0, 5000], [100, 200]).onRecorded?.map(([, value]) => value)).toEqual([
    ...[100, 100, 100, 100, 100],
    ...[200, 200, 200, 200, 200],
  ]);
});

test("samples beside the whole second weigh by their share of it", () => {
  // 100 W until 1.6 s, 300 W from there to 3.2 s: second 1 is 0.6 · 100 + 0.4 · 300. The last 0.2 s are no second.
  const { onRecorded } = series([0, 1600], [100, 300]);
  expect(onRecorded).toEqual([
    [0, 100],
    [1, 180],
    [2, 300],
  ]);
});

test("a dropout weighs nothing, and a second of dropouts is not there", () => {
  const { onRecorded } = series([0, 250, 500, 750, 1000, 2000], [100, NONE, NONE, 300, NONE, 50]);
  // The median gap is 250 ms, so that the last sample does not fill a second.
  expect(onRecorded).toEqual([[0, 200]]);
});

test("a pause weighs as zero on the clock axis and is not there on the recorded one", () => {
  const { onClock, onRecorded } = series([0, 500, 20_000, 20_500], [200, 100, 400, 400]);
  expect(onClock).toEqual([
    [0, 150],
    [20, 400],
  ]);
  expect(onRecorded).toEqual([
    [0, 150],
    [1, 400],
  ]);
  // Half a second of 200 W, then a pause: on the clock a second of 100 W, cut out a second of 200 W and 400 W.
  const halves = series([0, 20_000, 20_500, 21_000], [200, 400, 400, 400]);
  expect(halves.onClock).toEqual([
    [0, 100],
    [20, 400],
  ]);
  expect(halves.onRecorded).toEqual([
    [0, 300],
    [1, 400],
  ]);
});

test("nothing has no seconds", () => {
  expect(series([], [])).toEqual({ onClock: [], onRecorded: [] });
  expect(series([0, 250], [100, 100])).toEqual({ onClock: [], onRecorded: [] });
});
