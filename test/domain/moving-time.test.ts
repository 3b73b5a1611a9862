import { expect, test } from "bun:test";
import fc from "fast-check";
import { aboveZero, secondsIn, union } from "../../src/domain/moving-time.ts";
import type { SecondSeries } from "../../src/domain/per-second.ts";
import { everySecond, secondsOf, seriesOf } from "./rides.ts";

async function movingTime(series: readonly SecondSeries[]): Promise<number> {
  let moving: Float64Array = new Float64Array(0);
  for (const one of series) moving = await union(moving, await aboveZero(one));
  return secondsIn(moving);
}

test("seconds in which any of speed, cadence and power is above zero", async () => {
  const speed = everySecond([36, 36, 0, 0, 0]);
  const cadence = seriesOf([[2, 1, 0]]);
  const power = seriesOf([
    [1, 1, 100],
    [3, 1, 5],
    [4, 1, 0],
  ]);
  expect(await movingTime([speed])).toBe(2);
  expect(await movingTime([cadence])).toBe(0);
  expect(await movingTime([speed, cadence, power])).toBe(3);
  expect(await movingTime([])).toBe(0);
});

test("is the size of the union of the seconds, whatever their runs", async () => {
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
  return fc.assert(
    fc.asyncProperty(fc.array(anySeries, { maxLength: 4 }), async (series) => {
      const seconds = series.flatMap((one) => secondsOf(one).filter(([, value]) => value > 0));
      expect(await movingTime(series)).toBe(new Set(seconds.map(([second]) => second)).size);
    }),
  );
});
