import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { portionsOf, workOf } from "../../src/domain/portions.ts";
import { anyRide } from "./any-samples.ts";

describe("the work of a sample", () => {
  test.each([
    [{ timestamp: 1 }, 1],
    [{ timestamp: 1, power: 200, cadence: null, isMoving: true }, 4],
    [{ timestamp: 1, note: "x".repeat(400) }, 102],
    [{ timestamp: 1, nested: { list: [1, 2, 3] } }, 2 + '{"list":[1,2,3]}'.length / 4],
  ])("%j makes %p", (sample, work) => expect(workOf(sample)).toBe(work));
});

test("portions are all the samples in their order, none larger than it may be but for one sample alone", () => {
  fc.assert(
    fc.property(
      anyRide,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 99 }),
      (all, samples, work) => {
        const portions = [...portionsOf(all, { samples, work })];
        expect(portions.flat()).toEqual(all);
        for (const [index, portion] of portions.entries()) {
          const made = portion.reduce((sum, sample) => sum + workOf(sample), 0);
          expect(portion.length).toBeGreaterThan(0);
          expect(portion.length).toBeLessThanOrEqual(samples);
          if (portion.length > 1) expect(made).toBeLessThanOrEqual(work);
          // And no smaller than it need be.
          const [next] = portions[index + 1] ?? [];
          if (next && portion.length < samples) expect(made + workOf(next)).toBeGreaterThan(work);
        }
      },
    ),
  );
});
