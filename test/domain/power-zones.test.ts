import { expect, test } from "bun:test";
import { powerZones } from "../../src/domain/power-zones.ts";
import { everySecond, seriesOf } from "./rides.ts";

test("each zone has its lower bound in: 55, 75, 90, 105, 120 and 150 % of 200 W", async () => {
  const bounds = [0, 110, 150, 180, 210, 240, 300];
  expect(await powerZones(everySecond(bounds), 200)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(await powerZones(everySecond(bounds.map((watts) => watts - 0.1).slice(1)), 200)).toEqual([
    1, 1, 1, 1, 1, 1, 0,
  ]);
});

test("no seconds make seven empty zones", async () => {
  expect(await powerZones(everySecond([]), 200)).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test("a run counts all its seconds", async () => {
  expect(
    await powerZones(
      seriesOf([
        [0, 40, 100],
        [60, 3, 500],
      ]),
      200,
    ),
  ).toEqual([40, 0, 0, 0, 0, 0, 3]);
});
