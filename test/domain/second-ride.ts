import fc from "fast-check";
import type { Sample } from "../../src/domain/sample.ts";
import type { Pause } from "../../src/domain/timeline.ts";

/** What a sample says of its second; `power` in W, null or out of bounds where the sensor failed. */
type Second = { power: number | null; heartrate: number | null; cadence: number; speed: number };
type SecondSample = Second & { timestamp: number };

const fields = {
  power: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 1500 }) },
    fc.constantFrom(null, -1, 3001, 21_733),
  ),
  heartrate: fc.option(fc.integer({ min: 20, max: 250 })),
  cadence: fc.constantFrom(0, 90),
  speed: fc.integer({ min: 0, max: 60 }),
};

/** Gaps in s; the longer ones are pauses, also where the sample before one is split into quarters. */
const gap = fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, fc.constantFrom(11, 12, 47));
const pause = fc
  .record({ from: fc.integer({ min: -5, max: 150 }), length: fc.integer({ min: 0, max: 30 }) })
  .map(({ from, length }): Pause => ({ from: from * 1000, to: (from + length) * 1000 }));

/**
 * Rides at 1 Hz from timestamp 0 on with dropouts, gaps, and explicit pauses from second to second: every sample
 * outside of those pauses covers one second of the clock, and nothing else is covered. Told no size, fast-check
 * stops at about ten samples, too few for a Normalized Power.
 */
export const secondRide = fc.record({
  samples: fc
    .array(fc.record({ gap, ...fields }), { minLength: 1, maxLength: 150, size: "max" })
    .filter(isMostlyRecording)
    .map((steps): SecondSample[] => {
      let next = 0;
      return steps.map(({ gap, ...second }) => {
        const timestamp = next;
        next += gap * 1000;
        return { timestamp, ...second };
      });
    }),
  pauses: fc.array(pause, { maxLength: 3 }),
});

/** A device that leaves longer gaps than not records that seldom: then these are no pauses. */
function isMostlyRecording(steps: readonly { gap: number }[]): boolean {
  const pauses = steps.filter(({ gap }) => gap > 1).length;
  return 2 * pauses < steps.length - 1 || pauses === 0;
}

/** The samples that are not within an explicit pause, a second of each. */
export function coveredSeconds<T extends Sample>(samples: readonly T[], pauses: readonly Pause[]): T[] {
  return samples.filter(({ timestamp }) =>
    pauses.every(({ from, to }) => timestamp < from || timestamp >= to),
  );
}

/** The valid powers of such samples. */
export function wattsOf(samples: readonly { power: number | null }[]): number[] {
  return samples.flatMap(({ power }) => (power !== null && power >= 0 && power <= 3000 ? [power] : []));
}
