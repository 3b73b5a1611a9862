import { expect, test } from "bun:test";
import fc from "fast-check";
import { mergeSamples, type Sample } from "../../src/domain/sample.ts";
import { summarize } from "../../src/domain/summary.ts";
import { brokenRide } from "./dense-ride.ts";
import { ride, summaryOf, times } from "./rides.ts";

const watts = fc.integer({ min: 1, max: 1500 });
const ftp = fc.integer({ min: 50, max: 500 });

test("a constant ride has NP equal to its mean and a variability of 1", () => {
  const anyWatts = fc.double({ min: 1, max: 3000, noNaN: true });
  const anyInterval = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(anyWatts, anyInterval, fc.integer({ min: 30, max: 200 }), (power, interval, seconds) => {
      const samples = ride(times(Math.ceil((seconds * 1000) / interval), { power }), interval);
      const summary = summaryOf(samples);
      expect(summary.normalizedPower).toBe(summary.avgPower);
      expect(summary.variabilityIndex).toBe(1);
    }),
    { numRuns: 30 },
  );
});

test("it does not matter when a ride took place", () => {
  fc.assert(
    fc.property(
      brokenRide,
      ftp,
      fc.integer({ min: -1e12, max: 2e12 }),
      ({ samples, pauses }, threshold, shift) => {
        const context = { pauses, ftp: threshold, skippedMessages: 0 };
        const later = samples.map((sample) => ({ ...sample, timestamp: sample.timestamp + shift }));
        const laterPauses = pauses.map(({ from, to }) => ({ from: from + shift, to: to + shift }));
        expect(summarize(later, { ...context, pauses: laterPauses })).toEqual(summarize(samples, context));
      },
    ),
  );
});

test("four samples a second say the same as one", () => {
  const fields = fc.record({
    power: watts,
    heartrate: fc.integer({ min: 20, max: 250 }),
    cadence: fc.constant(90),
  });
  fc.assert(
    fc.property(fc.array(fields, { minLength: 2, maxLength: 120 }), ftp, (seconds, threshold) => {
      const context = { pauses: [], ftp: threshold, skippedMessages: 0 };
      const { sampleCount: ofOne, ...one } = summarize(ride(seconds), context);
      const quarters = seconds.flatMap((second) => times(4, second));
      const { sampleCount: ofFour, ...four } = summarize(ride(quarters, 250), context);
      expect(four).toEqual(one);
      expect(ofFour).toBe(ofOne * 4);
    }),
  );
});

test("the zones add up to the recorded seconds that have power", () => {
  const second = fc.option(fc.integer({ min: 0, max: 3000 }));
  fc.assert(
    fc.property(fc.array(second, { minLength: 1 }), ftp, (powers, threshold) => {
      const samples = ride(powers.map((power) => ({ power })));
      const { powerZones } = summarize(samples, { pauses: [], ftp: threshold, skippedMessages: 0 });
      const withPower = powers.filter((power) => power !== null).length;
      expect((powerZones ?? []).reduce((sum, seconds) => sum + seconds, 0)).toBe(withPower);
    }),
  );
});

test("without pauses the curve is never below the mean of the whole, for durations that divide the ride", () => {
  fc.assert(
    fc.property(fc.array(watts, { minLength: 1, maxLength: 300 }), (powers) => {
      const { powerCurve } = summaryOf(ride(powers.map((power) => ({ power }))));
      const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
      for (const [duration, best] of Object.entries(powerCurve ?? {})) {
        // Windows that do not tile the ride may all miss its ends: 10, 0, 10 W have no 2 s above 5 W.
        if (powers.length % Number(duration) === 0) expect(best).toBeGreaterThanOrEqual(mean - 0.05 - 1e-9);
      }
    }),
  );
});

test("the order of arrival does not matter, and times are in order", () => {
  const arrivals = brokenRide.chain(({ samples, pauses }) =>
    fc.record({
      samples: fc.constant<Sample[]>(samples),
      pauses: fc.constant(pauses),
      shuffled: fc.shuffledSubarray<Sample>(samples, { minLength: samples.length }),
    }),
  );
  fc.assert(
    fc.property(arrivals, ({ samples, pauses, shuffled }) => {
      const context = { pauses, ftp: 200, skippedMessages: 0 };
      const summary = summarize(mergeSamples(samples), context);
      expect(summarize(mergeSamples(shuffled), context)).toEqual(summary);
      expect(summary.movingTime).toBeLessThanOrEqual(summary.recordedTime);
      expect(summary.recordedTime).toBeLessThanOrEqual(summary.elapsedTime);
    }),
  );
});
