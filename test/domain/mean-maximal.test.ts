import { expect, test } from "bun:test";
import fc from "fast-check";
import { bestMeanByHand, brokenRide } from "./dense-ride.ts";
import { curveOf, ride, samplesAt, times } from "./rides.ts";

test("the best mean of each duration, up to the ride's length in", () => {
  const watts = [100, 300, 200, 400, 100].map((power) => ({ power }));
  // 2 s: 200 + 400; 3 s: 300 + 200 + 400; 5 s: all 1100.
  expect(curveOf(ride(watts), [], "power")).toEqual({ 1: 400, 2: 300, 3: 300, 5: 220 });
});

test("one decimal, rounded half up", () => {
  const beats = [100, 100, 101].map((heartrate) => ({ heartrate }));
  expect(curveOf(ride(beats), [], "heartrate")).toEqual({ 1: 101, 2: 100.5, 3: 100.3 });
  expect(curveOf(ride([{ speed: 30.25 }]), [], "speed")).toEqual({ 1: 30.3 });
});

test("after 90 min every half hour", () => {
  const curve = curveOf(ride(times(1000, { power: 150 }), 10_000), [], "power");
  const durations = [
    1, 2, 3, 5, 8, 10, 15, 20, 30, 60, 120, 180, 300, 480, 600, 1200, 1800, 3600, 5400, 7200, 9000,
  ];
  expect(Object.keys(curve ?? {}).map(Number)).toEqual(durations);
  expect(new Set(Object.values(curve ?? {}))).toEqual(new Set([150]));
});

test("a pause counts as zero, one by gap as well as one of the workout", () => {
  const aroundGap = samplesAt([0, 1000, 18_000, 19_000], { power: 200 });
  expect(curveOf(aroundGap, [], "power")).toMatchObject({ 1: 200, 2: 200, 3: 133.3, 20: 40 });
  const paused = ride(times(4, { power: 200 }), 1000, 0);
  expect(curveOf(paused, [{ from: 1000, to: 3000 }], "power")).toEqual({ 1: 200, 2: 100, 3: 66.7 });
});

test("a dropout counts as zero and a spike as a dropout", () => {
  const watts = [{ power: 200 }, { power: null }, { power: 21_733 }, {}, { power: 100 }];
  expect(curveOf(ride(watts), [], "power")).toEqual({ 1: 200, 2: 100, 3: 66.7, 5: 60 });
});

test("without a second that has a value there is no curve", () => {
  expect(curveOf([], [], "power")).toBeNull();
  expect(curveOf(ride([{ power: 200 }]), [], "speed")).toBeNull();
  expect(curveOf(ride([{ power: 200 }], 1000, 0), [{ from: 0, to: 1 }], "power")).toBeNull();
  expect(curveOf(ride(times(2, { power: 200 }), 250), [], "power")).toBeNull();
});

test("a clock that was wrong costs no more than the samples do, and the curve ends at 14 days", () => {
  const in1970 = ride(times(60, { power: 100 }), 1000, 0);
  const in2026 = ride(times(60, { power: 200 }), 1000, 1_780_000_000_000);
  const curve = curveOf([...in1970, ...in2026], [], "power") ?? {};
  expect(curve).toMatchObject({ 60: 200, 120: 100, 180: 66.7, 1800: 6.7 });
  expect(Math.max(...Object.keys(curve).map(Number))).toBe(14 * 86_400);
});

test("equals the best of all windows over a dense clock, whatever the pauses and dropouts", () => {
  fc.assert(
    fc.property(brokenRide, ({ samples, pauses }) => {
      const curve = curveOf(samples, pauses, "power") ?? {};
      for (const [duration, watts] of Object.entries(curve)) {
        expect(Math.abs(watts - bestMeanByHand(samples, pauses, Number(duration)))).toBeLessThan(0.05 + 1e-6);
      }
    }),
  );
});
