import { expect, test } from "bun:test";
import { normalizedPower } from "../../src/domain/normalized-power.ts";
import { everySecond, seriesOf, times } from "./rides.ts";

test("half a minute is the shortest that has one", async () => {
  expect(await normalizedPower(everySecond(times(29, 200)))).toBeNull();
  expect(await normalizedPower(everySecond(times(30, 200)))).toBeCloseTo(200, 9);
});

test("every full window counts: half a minute of 0 W and one second of 300 W have two, of 0 W and 10 W", async () => {
  expect(await normalizedPower(everySecond([...times(30, 0), 300]))).toBeCloseTo((10 ** 4 / 2) ** 0.25, 9);
});

test("hard and easy minutes cost more than their mean", async () => {
  const watts = Array.from({ length: 3600 }, (_, second) => (Math.floor(second / 60) % 2 ? 100 : 300));
  expect((await normalizedPower(everySecond(watts))) ?? 0).toBeGreaterThan(215);
});

test("a run counts as its seconds do, one by one, and what is missing between runs is left out", async () => {
  // 100 W for 50 s, 300 W for 10 s, 200 W for 100 s.
  const runs = seriesOf([
    [0, 50, 100],
    [50, 10, 300],
    [200, 100, 200],
  ]);
  const single = everySecond([...times(50, 100), ...times(10, 300), ...times(100, 200)]);
  expect((await normalizedPower(runs)) ?? 0).toBeCloseTo((await normalizedPower(single)) ?? 0, 9);
  // Decades of 200 W, as of a clock that was set, take no longer than a second of it.
  expect(await normalizedPower(seriesOf([[0, 1e9, 200]]))).toBeCloseTo(200, 9);
});
