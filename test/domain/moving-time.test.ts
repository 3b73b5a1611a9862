import { expect, test } from "bun:test";
import fc from "fast-check";
import { movingTime } from "../../src/domain/moving-time.ts";
import { everySecond, secondsOf, seriesOf } from "./rides.ts";

test("seconds in which any of speed, cadence and power is above zero", () => {
  const speed = everySecond([36, 36, 0, 0, 0]);
  const cadence = seriesOf([[2, 1, 0]]);
  const power = seriesOf([
    [1, 1, 100],
    [3, 1, 5],
    [4, 1, 0],
  ]);
  expect(movingTime([speed])).toBe(2);
  expect(movingTime([cadence])).toBe(0);
  expect(movingTime([speed, cadence, power])).toBe(3);
  expect(movingTime([])).toBe(0);
});

test("is the size of the union of the seconds, whatever their runs", () => {
  const run = fc.record({
    gap: fc.integer({ min: 0, max: 5 }),
    count: fc.integer({ min: 1, max: 8 }),
    value: fc.constantFrom(0, 0, 1, 250),
  });
  const anySeries = fc.array(run, { maxLength: 20, size: "max" }).map((runs) => {
    let end = 0;
    return seriesOf(
      runs.map(({ gap, count, value }) => {
        const start = end + gap;
        end = start + count;
        return [start, count, value];
      }),
    );
  });
  fc.assert(
    fc.property(fc.array(anySeries, { maxLength: 4 }), (series) => {
      const seconds = series.flatMap((one) => secondsOf(one).filter(([, value]) => value > 0));
      expect(movingTime(series)).toBe(new Set(seconds.map(([second]) => second)).size);
    }),
  );
});
