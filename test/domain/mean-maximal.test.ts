import { expect, test } from "bun:test";
import fc from "fast-check";
import { meanMaximalCurve } from "../../src/domain/mean-maximal.ts";
import { bestMeanByHand, brokenRide, denseSeconds } from "./dense-ride.ts";
import { curveOf, everySecond, ride, samplesAt, secondsOf, seriesOf, times } from "./rides.ts";

test("the best mean of each duration, up to the ride's length in", async () => {
  const watts = [100, 300, 200, 400, 100].map((power) => ({ power }));
  // 2 s: 200 + 400; 3 s: 300 + 200 + 400; 5 s: all 1100.
  expect(await curveOf(ride(watts), [], "power")).toEqual({ 1: 400, 2: 300, 3: 300, 5: 220 });
});

test("one decimal, rounded half up", async () => {
  const beats = [100, 100, 101].map((heartrate) => ({ heartrate }));
  expect(await curveOf(ride(beats), [], "heartrate")).toEqual({ 1: 101, 2: 100.5, 3: 100.3 });
  expect(await curveOf(ride([{ speed: 30.25 }]), [], "speed")).toEqual({ 1: 30.3 });
});

test("after 90 min every half hour", async () => {
  const curve = await curveOf(ride(times(1000, { power: 150 }), 10_000), [], "power");
  const durations = [
    1, 2, 3, 5, 8, 10, 15, 20, 30, 60, 120, 180, 300, 480, 600, 1200, 1800, 3600, 5400, 7200, 9000,
  ];
  expect(Object.keys(curve ?? {}).map(Number)).toEqual(durations);
  expect(new Set(Object.values(curve ?? {}))).toEqual(new Set([150]));
});

test("a pause counts as zero, one by gap as well as one of the workout", async () => {
  const aroundGap = samplesAt([0, 1000, 18_000, 19_000], { power: 200 });
  expect(await curveOf(aroundGap, [], "power")).toMatchObject({ 1: 200, 2: 200, 3: 133.3, 20: 40 });
  const paused = ride(times(4, { power: 200 }), 1000, 0);
  expect(await curveOf(paused, [{ from: 1000, to: 3000 }], "power")).toEqual({ 1: 200, 2: 100, 3: 66.7 });
});

test("a dropout counts as zero and a spike as a dropout", async () => {
  const watts = [{ power: 200 }, { power: null }, { power: 21_733 }, {}, { power: 100 }];
  expect(await curveOf(ride(watts), [], "power")).toEqual({ 1: 200, 2: 100, 3: 66.7, 5: 60 });
});

test("without a second that has a value there is no curve", async () => {
  expect(await curveOf([], [], "power")).toBeNull();
  expect(await curveOf(ride([{ power: 200 }]), [], "speed")).toBeNull();
  expect(await curveOf(ride([{ power: 200 }], 1000, 0), [{ from: 0, to: 1 }], "power")).toBeNull();
  expect(await curveOf(ride(times(2, { power: 200 }), 250), [], "power")).toBeNull();
});

test("a clock that was wrong costs no more than the samples do, and the curve ends at 14 days", async () => {
  const in1970 = ride(times(60, { power: 100 }), 1000, 0);
  const in2026 = ride(times(60, { power: 200 }), 1000, 1_780_000_000_000);
  const curve = (await curveOf([...in1970, ...in2026], [], "power")) ?? {};
  expect(curve).toMatchObject({ 60: 200, 120: 100, 180: 66.7, 1800: 6.7 });
  expect(Math.max(...Object.keys(curve).map(Number))).toBe(14 * 86_400);
});

test("equals the best of all windows over a dense clock, whatever the pauses and dropouts", () =>
  fc.assert(
    fc.asyncProperty(brokenRide, async ({ samples, pauses }) => {
      const curve = (await curveOf(samples, pauses, "power")) ?? {};
      const seconds = denseSeconds(samples, pauses, "clock");
      for (const [duration, watts] of Object.entries(curve)) {
        expect(Math.abs(watts - bestMeanByHand(seconds, Number(duration)))).toBeLessThan(0.05 + 1e-6);
      }
    }),
  ));

test("equals the best of all windows over any runs, with hours of zero, constant hours and equal values", () => {
  const count = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 5 }) },
    fc.constantFrom(29, 60, 1800, 4000),
  );
  const gap = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 0, 1, 2) }, fc.constantFrom(30, 600, 5400));
  const value = fc.oneof(fc.constantFrom(0, 100, 100, 200), fc.integer({ min: 0, max: 1000 }));
  const runs = fc.array(fc.record({ gap, count, value }), { minLength: 1, maxLength: 80, size: "max" });
  return fc.assert(
    fc.asyncProperty(runs, fc.constantFrom(0, 1, 40, 3700), async (steps, rest) => {
      let end = 0;
      const series = seriesOf(
        steps.map(({ gap, count, value }) => {
          const start = end + gap;
          end = start + count;
          return [start, count, value];
        }),
      );
      const seconds: number[] = times(end + rest, 0);
      for (const [second, watts] of secondsOf(series)) seconds[second] = watts;
      const curve = (await meanMaximalCurve(series, seconds.length)) ?? {};
      expect(Object.keys(curve).length).toBeGreaterThan(0);
      for (const [duration, watts] of Object.entries(curve)) {
        expect(Math.abs(watts - bestMeanByHand(seconds, Number(duration)))).toBeLessThanOrEqual(0.05 + 1e-9);
      }
    }),
    { numRuns: 60 },
  );
});

test("while the curve of three days of ever changing power is worked out, others have their turns", async () => {
  const length = 3 * 86_400;
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 22;
  };
  const series = everySecond(Array.from({ length }, next));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const curve = await meanMaximalCurve(series, length);
  clearInterval(timer);
  expect(Object.keys(curve ?? {})).toHaveLength(16 + 3 * 48);
  expect(turns).toBeGreaterThan(10);
});
