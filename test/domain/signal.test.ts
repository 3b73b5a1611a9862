import { expect, test } from "bun:test";
import { ABSENT } from "../../src/domain/recording.ts";
import { eachReading, integrate, meanOf } from "../../src/domain/signal.ts";
import type { Pause } from "../../src/domain/timeline.ts";
import { signalOf } from "./rides.ts";

const NONE = Number.NaN;

/** The value of each sample at the given times in ms, and for how much of it, from its beginning, it is known. */
async function carried(
  timestamps: readonly number[],
  column: readonly number[],
  pauses: readonly Pause[] = [],
) {
  const readings: [value: number, known: number][] = [];
  await eachReading(await signalOf(timestamps, column, pauses), (value, known) => {
    readings.push([value, Number.isNaN(value) ? 0 : known]);
  });
  return readings;
}

test("values weigh by the time in which they are known, missing ones not at all", async () => {
  // 1 s, 3 s and, as the last one, the median of both: 2 s.
  const integral = await integrate(await signalOf([0, 1000, 4000], [100, 200, NONE]));
  expect(integral).toEqual({ area: 700_000, time: 4000 });
  expect(meanOf(integral)).toBe(175);
});

test("zeros may be taken for no value", async () => {
  const signal = await signalOf([0, 1000, 2000], [0, 90, -0]);
  expect(meanOf(await integrate(signal))).toBe(30);
  expect(meanOf(await integrate(signal, { skipsZeros: true }))).toBe(90);
});

test("without time in which a value is known there is nothing to integrate", async () => {
  expect(await integrate(await signalOf([0], [NONE]))).toBeNull();
  // Inside a pause of the workout it lasts no time at all.
  expect(await integrate(await signalOf([0], [100], [{ from: 0, to: 1 }]))).toBeNull();
  expect(await integrate(await signalOf([], []))).toBeNull();
  expect(meanOf(null)).toBeNull();
});

test("each sample has its own value for as long as it lasts, however long", async () => {
  expect(await carried([0, 30_000, 60_000], [100, NONE, 300])).toEqual([
    [100, 30_000],
    [NONE, 0],
    [300, 30_000],
  ]);
});

test("a value goes on over samples that lack the field, until one has it or a null", async () => {
  expect(await carried([0, 500, 1000, 1500, 2000], [100, ABSENT, 200, NONE, ABSENT])).toEqual([
    [100, 500],
    [100, 500],
    [200, 500],
    [NONE, 0],
    [NONE, 0],
  ]);
});

test("a value goes on until 10 s after its own timestamp, also in the middle of a sample", async () => {
  // 100 at 0 s is known up to 10 s: of the sample at 8 s for 2 s of its 4 s, of the one at 12 s no more.
  expect(await carried([0, 4000, 8000, 12_000], [100, ABSENT, ABSENT, ABSENT])).toEqual([
    [100, 4000],
    [100, 4000],
    [100, 2000],
    [100, 0],
  ]);
});

test("the cover of a value's own sample is not shortened by that, and then it is over", async () => {
  expect(await carried([0, 12_000, 24_000], [100, ABSENT, ABSENT])).toEqual([
    [100, 12_000],
    [100, 0],
    [100, 0],
  ]);
});

test("no value goes on across a pause, by gap or of the workout, though it be short", async () => {
  expect(await carried([0, 1000, 2000, 13_000, 14_000], [100, ABSENT, ABSENT, ABSENT, 200])).toEqual([
    [100, 1000],
    [100, 1000],
    [100, 1000],
    [NONE, 0],
    [200, 1000],
  ]);
  expect(
    await carried([0, 1000, 2000, 3000], [100, ABSENT, ABSENT, ABSENT], [{ from: 1200, to: 1300 }]),
  ).toEqual([
    [100, 1000],
    [100, 1000],
    [NONE, 0],
    [NONE, 0],
  ]);
});

test("before the first value there is none", async () => {
  expect(await carried([0, 1000], [ABSENT, 100])).toEqual([
    [NONE, 0],
    [100, 1000],
  ]);
});
