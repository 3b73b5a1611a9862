import { expect, test } from "bun:test";
import fc from "fast-check";
import { recordingOf } from "../../src/domain/recording.ts";
import type { Sample } from "../../src/domain/sample.ts";
import { deriveWithFtp } from "../../src/domain/summary.ts";
import { brokenRide } from "./dense-ride.ts";
import { mergeSamples, ride, summarize, summaryOf, times } from "./rides.ts";
import { coveredSeconds, secondRide, wattsOf } from "./second-ride.ts";

const watts = fc.integer({ min: 1, max: 1500 });
const ftp = fc.integer({ min: 50, max: 500 });
/** At any rate; or at 1 Hz, and long enough for a Normalized Power. */
const anyRide = fc.oneof(brokenRide, secondRide);
/** Durations of the curve, in s, up to the longest of these rides. */
const durations = [1, 2, 3, 5, 8, 10, 15, 20, 30, 60, 120, 180, 300, 480, 600, 1200];

test("a constant ride has NP equal to its mean and a variability of 1", () => {
  const anyWatts = fc.double({ min: 1, max: 3000, noNaN: true });
  const anyInterval = fc.integer({ min: 1, max: 10_000 });
  return fc.assert(
    fc.asyncProperty(
      anyWatts,
      anyInterval,
      fc.integer({ min: 30, max: 200 }),
      async (power, interval, seconds) => {
        const samples = ride(times(Math.ceil((seconds * 1000) / interval), { power }), interval);
        const summary = await summaryOf(samples);
        expect(summary.normalizedPower).toBe(summary.avgPower);
        expect(summary.variabilityIndex).toBe(1);
      },
    ),
    { numRuns: 30 },
  );
});

test("a constant ride with dropouts and pauses has as well", () =>
  fc.assert(
    fc.asyncProperty(anyRide, watts, async ({ samples, pauses }, power) => {
      const constant = samples.map((sample) =>
        typeof sample.power === "number" ? { ...sample, power } : sample,
      );
      const summary = await summarize(constant, { pauses, ftp: null, skippedMessages: 0 });
      if (summary.normalizedPower === null) return;
      expect(summary.normalizedPower).toBe(power);
      expect(summary.avgPower).toBe(power);
      expect(summary.variabilityIndex).toBe(1);
    }),
  ));

test("it does not matter when a ride took place", () =>
  fc.assert(
    fc.asyncProperty(
      anyRide,
      ftp,
      fc.integer({ min: -1e12, max: 2e12 }),
      async ({ samples, pauses }, threshold, shift) => {
        const context = { pauses, ftp: threshold, skippedMessages: 0 };
        const later = samples.map((sample) => ({ ...sample, timestamp: sample.timestamp + shift }));
        const laterPauses = pauses.map(({ from, to }) => ({ from: from + shift, to: to + shift }));
        expect(await summarize(later, { ...context, pauses: laterPauses })).toEqual(
          await summarize(samples, context),
        );
      },
    ),
  ));

test("four samples a second say the same as one", () =>
  fc.assert(
    fc.asyncProperty(secondRide, ftp, async ({ samples, pauses }, threshold) => {
      const context = { pauses, ftp: threshold, skippedMessages: 0 };
      const quarters = samples.flatMap((sample) =>
        [0, 250, 500, 750].map((ms) => ({ ...sample, timestamp: sample.timestamp + ms })),
      );
      const one = await summarize(samples, context);
      expect(await summarize(quarters, context)).toEqual({ ...one, sampleCount: one.sampleCount * 4 });
    }),
  ));

test("the zones add up to the recorded seconds that have power, and 30 of those make a Normalized Power", () =>
  fc.assert(
    fc.asyncProperty(secondRide, ftp, async ({ samples, pauses }, threshold) => {
      const summary = await summarize(samples, { pauses, ftp: threshold, skippedMessages: 0 });
      const recorded = coveredSeconds(samples, pauses);
      const withPower = wattsOf(recorded).length;
      expect(summary.recordedTime).toBe(recorded.length);
      expect((summary.powerZones ?? []).reduce((sum, seconds) => sum + seconds, 0)).toBe(withPower);
      expect(summary.normalizedPower !== null).toBe(withPower >= 30);
    }),
  ));

test("with an FTP, intensity and stress agree with Normalized Power and the time of power; the rest needs none", () =>
  fc.assert(
    fc.asyncProperty(secondRide, ftp, async ({ samples, pauses }, threshold) => {
      const summary = await summarize(samples, { pauses, ftp: threshold, skippedMessages: 0 });
      const { normalizedPower, intensityFactor, trainingStress, poweredTime } = summary;
      const without = {
        ...{ ftp: null, intensityFactor: null, trainingStress: null, stressSource: null, powerZones: null },
      };
      expect(await summarize(samples, { pauses, ftp: null, skippedMessages: 0 })).toEqual({
        ...summary,
        ...without,
      });
      expect(intensityFactor === null).toBe(normalizedPower === null);
      expect(trainingStress === null).toBe(normalizedPower === null);
      expect(summary.stressSource).toBe(trainingStress === null ? null : "power");
      expect(poweredTime).toBe(wattsOf(coveredSeconds(samples, pauses)).length);
      if (normalizedPower === null || intensityFactor === null || trainingStress === null) return;
      // Rounded to 1 W, 0.001 and 0.1.
      const hours = poweredTime / 3600;
      const lowest = Math.max(intensityFactor - 0.0005, 0) ** 2 * hours * 100 - 0.05;
      const highest = (intensityFactor + 0.0005) ** 2 * hours * 100 + 0.05;
      expect(Math.abs(intensityFactor * threshold - normalizedPower)).toBeLessThanOrEqual(
        0.5 + 0.0005 * threshold + 1e-6,
      );
      expect(trainingStress).toBeGreaterThanOrEqual(lowest - 1e-6);
      expect(trainingStress).toBeLessThanOrEqual(highest + 1e-6);
    }),
  ));

test("another FTP makes of a summary with power what it would have been from the start", () =>
  fc.assert(
    fc.asyncProperty(anyRide, fc.option(ftp), fc.option(ftp), async ({ samples, pauses }, earlier, later) => {
      const before = await summarize(samples, { pauses, ftp: earlier, skippedMessages: 2 });
      fc.pre(before.avgPower !== null);
      const again = await deriveWithFtp(recordingOf(samples), before, { pauses, ftp: later });
      expect(again).toEqual(await summarize(samples, { pauses, ftp: later, skippedMessages: 2 }));
    }),
  ));

test("the curve is never below the mean of the whole clock, for durations that divide the ride", () =>
  fc.assert(
    fc.asyncProperty(secondRide, async ({ samples, pauses }) => {
      const summary = await summarize(samples, { pauses, ftp: null, skippedMessages: 0 });
      const joules = wattsOf(coveredSeconds(samples, pauses)).reduce((sum, power) => sum + power, 0);
      const mean = joules / summary.elapsedTime;
      // Windows that do not tile the ride may all miss its ends: 10, 0, 10 W have no 2 s above 5 W.
      for (const duration of durations.filter((seconds) => summary.elapsedTime % seconds === 0)) {
        expect(summary.powerCurve?.[duration] ?? 0).toBeGreaterThanOrEqual(mean - 0.05 - 1e-9);
      }
    }),
  ));

test("at the length of a ride without pauses the curve is its mean", () => {
  const length = fc.constantFrom(...durations.filter((seconds) => seconds <= 300));
  const rideOfLength = length.chain((seconds) => fc.array(watts, { minLength: seconds, maxLength: seconds }));
  return fc.assert(
    fc.asyncProperty(rideOfLength, async (powers) => {
      const { powerCurve } = await summaryOf(ride(powers.map((power) => ({ power }))));
      const mean = powers.reduce((sum, power) => sum + power, 0) / powers.length;
      expect(Math.max(...Object.keys(powerCurve ?? {}).map(Number))).toBe(powers.length);
      expect(Math.abs((powerCurve?.[powers.length] ?? 0) - mean)).toBeLessThanOrEqual(0.05 + 1e-9);
    }),
  );
});

test("the order of arrival does not matter, and times are in order", () => {
  const arrivals = anyRide.chain(({ samples, pauses }) =>
    fc.record({
      samples: fc.constant<Sample[]>(samples),
      pauses: fc.constant(pauses),
      shuffled: fc.shuffledSubarray<Sample>(samples, { minLength: samples.length }),
    }),
  );
  return fc.assert(
    fc.asyncProperty(arrivals, async ({ samples, pauses, shuffled }) => {
      const context = { pauses, ftp: 200, skippedMessages: 0 };
      const summary = await summarize(mergeSamples(samples), context);
      expect(await summarize(mergeSamples(shuffled), context)).toEqual(summary);
      expect(summary.movingTime).toBeLessThanOrEqual(summary.recordedTime);
      expect(summary.recordedTime).toBeLessThanOrEqual(summary.elapsedTime);
    }),
  );
});

test("resending any samples changes nothing", () => {
  const resent = anyRide.chain(({ samples, pauses }) =>
    fc.record({
      samples: fc.constant<Sample[]>(samples),
      pauses: fc.constant(pauses),
      again: fc.shuffledSubarray<Sample>(samples),
      at: fc.nat(samples.length),
    }),
  );
  return fc.assert(
    fc.asyncProperty(resent, async ({ samples, pauses, again, at }) => {
      const context = { pauses, ftp: 200, skippedMessages: 0 };
      // Before, amid or after the samples sent once.
      const arrived = samples.toSpliced(at, 0, ...again);
      const summary = await summarize(mergeSamples(arrived), context);
      expect(summary).toEqual(await summarize(samples, context));
      expect(summary.sampleCount).toBe(samples.length);
    }),
  );
});
