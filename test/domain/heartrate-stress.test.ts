import { expect, test } from "bun:test";
import { heartrateStress } from "../../src/domain/heartrate-stress.ts";
import { signalOf, times } from "./rides.ts";

const rates = { resting: 50, threshold: 170, max: 190 };

/** Of heart rates in bpm, each for so many seconds. */
async function stressOf(...parts: [bpm: number, seconds: number][]): Promise<number | null> {
  const values = parts.flatMap(([bpm, seconds]) => times(seconds, bpm));
  const timestamps = values.map((_, second) => second * 1000);
  return heartrateStress(await signalOf(timestamps, values), rates);
}

test("an hour at the threshold is 100, and half an hour 50", async () => {
  expect(await stressOf([170, 3600])).toBeCloseTo(100, 9);
  expect(await stressOf([170, 900], [170, 900])).toBeCloseTo(50, 9);
});

test("easy hours count for less, hard ones for more", async () => {
  // r = (120 − 50)/140 = 0.5: w = 0.5 · e^0.96 = 1.305848; of the threshold 6/7 · e^(1.92 · 6/7) = 4.444039.
  expect(await stressOf([120, 3600])).toBeCloseTo(29.384, 3);
  // r = 1: w = e^1.92 = 6.820958.
  expect(await stressOf([190, 3600])).toBeCloseTo(153.49, 2);
  expect(await stressOf([120, 1800], [190, 1800])).toBeCloseTo((29.384 + 153.49) / 2, 2);
});

test("the reserve is held within 0 and 1", async () => {
  expect(await stressOf([50, 3600])).toBe(0);
  expect(await stressOf([30, 3600])).toBe(0);
  expect(await stressOf([230, 3600])).toBe(await stressOf([190, 3600]));
});

test("what is not known weighs nothing, and of nothing there is no stress", async () => {
  expect(await stressOf([170, 1800], [Number.NaN, 1800])).toBeCloseTo(50, 9);
  expect(await stressOf([Number.NaN, 3600])).toBeNull();
  expect(await stressOf([170, 0])).toBeNull();
  expect(await stressOf()).toBeNull();
});
