import { expect, test } from "bun:test";
import fc from "fast-check";
import { createRedisClock } from "../../src/streams/redis-clock.ts";

/** Milliseconds on the way there, and on the way back. */
const trip = fc.record({ there: fc.nat(2000), back: fc.nat(2000) });
const EPOCH = 1_800_000_000_000;

/** Asks the clock of a Redis that is so far ahead of performance.now(), every three seconds; the end of the last trip. */
function ask(
  clock: ReturnType<typeof createRedisClock>,
  ahead: number,
  trips: { there: number; back: number }[],
  start = 0,
): number {
  let moment = start;
  for (const { there, back } of trips) {
    clock.learn(moment + there + ahead, moment, moment + there + back);
    moment += there + back + 3000;
  }
  return moment;
}

test("it never shows more than Redis does, and as little less as the quickest answer allows", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(trip, { minLength: 1 }), (skew, trips) => {
      const clock = createRedisClock();
      expect(clock.known).toBe(false);
      const moment = ask(clock, EPOCH + skew, trips);
      expect(clock.known).toBe(true);
      const behind = moment + EPOCH + skew - clock.at(moment);
      expect(behind).toBe(Math.min(...trips.map(({ back }) => back)));
    }),
  );
});

test("when Redis's clock is set, it follows with the next answer that tells", () => {
  const step = fc.integer({ min: -100_000_000, max: 100_000_000 }).filter((ms) => Math.abs(ms) > 4000);
  fc.assert(
    fc.property(
      fc.array(trip, { minLength: 1 }),
      step,
      fc.array(trip, { minLength: 1 }),
      (before, ms, after) => {
        const clock = createRedisClock();
        const set = ask(clock, EPOCH, before);
        const moment = ask(clock, EPOCH + ms, after, set);
        const behind = moment + EPOCH + ms - clock.at(moment);
        expect(behind).toBe(Math.min(...after.map(({ back }) => back)));
      },
    ),
  );
});
