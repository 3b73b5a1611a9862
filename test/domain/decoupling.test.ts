import { expect, test } from "bun:test";
import type { Sample } from "../../src/domain/sample.ts";
import { ride, summaryOf, times } from "./rides.ts";

const decouplingOf = (fields: readonly object[]) => summaryOf(ride(fields)).decoupling;

const fresh = { power: 200, heartrate: 100 };
const tired = { power: 200, heartrate: 125 };

test("200 W at 100 bpm, then at 125 bpm: the ratio falls from 2 to 1.6, by 20 %", () => {
  expect(decouplingOf([...times(600, fresh), ...times(600, tired)])).toBe(20);
  expect(decouplingOf([...times(600, tired), ...times(600, fresh)])).toBe(-25);
});

test("below 20 min there is none", () => {
  expect(decouplingOf([...times(599, fresh), ...times(600, tired)])).toBeNull();
});

test("only seconds with both count: a dropout of one sensor is no drift", () => {
  const noHeartrate = { power: 900 };
  const noPower = { heartrate: 180 };
  const first = [...times(100, noHeartrate), ...times(100, noPower), ...times(400, fresh)];
  expect(decouplingOf([...first, ...times(600, tired)])).toBe(20);
});

test("a pause belongs to neither half", () => {
  const seconds = ride([...times(600, fresh), ...times(600, tired)]);
  const paused: Sample[] = seconds.map((sample, index) => ({
    ...sample,
    timestamp: sample.timestamp + (index < 300 ? 0 : 3_600_000),
  }));
  expect(summaryOf(paused).decoupling).toBe(20);
});

test("a half without a ratio leaves none", () => {
  expect(decouplingOf(times(1200, { power: 200 }))).toBeNull();
  expect(decouplingOf(times(1200, { heartrate: 120 }))).toBeNull();
  expect(decouplingOf(times(1200, { power: 0, heartrate: 120 }))).toBeNull();
  expect(decouplingOf([...times(600, fresh), ...times(600, { power: 200 })])).toBeNull();
});
