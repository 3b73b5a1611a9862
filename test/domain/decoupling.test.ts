import { expect, test } from "bun:test";
import type { Sample } from "../../src/domain/sample.ts";
import { ride, summaryOf, times } from "./rides.ts";

const decouplingOf = async (fields: readonly object[]) => (await summaryOf(ride(fields))).decoupling;

const fresh = { power: 200, heartrate: 100 };
const tired = { power: 200, heartrate: 125 };
const noHeartrate = { power: 900, heartrate: null };
const noPower = { power: null, heartrate: 180 };

test("200 W at 100 bpm, then at 125 bpm: the ratio falls from 2 to 1.6, by 20 %", async () => {
  expect(await decouplingOf([...times(600, fresh), ...times(600, tired)])).toBe(20);
  expect(await decouplingOf([...times(600, tired), ...times(600, fresh)])).toBe(-25);
});

test("below 20 min there is none", async () => {
  expect(await decouplingOf([...times(599, fresh), ...times(600, tired)])).toBeNull();
});

test("only seconds with both count: a dropout of one sensor is no drift", async () => {
  const first = [...times(100, noHeartrate), ...times(100, noPower), ...times(400, fresh)];
  expect(await decouplingOf([...first, ...times(600, tired)])).toBe(20);
});

test("a pause belongs to neither half", async () => {
  const seconds = ride([...times(600, fresh), ...times(600, tired)]);
  const paused: Sample[] = seconds.map((sample, index) => ({
    ...sample,
    timestamp: sample.timestamp + (index < 300 ? 0 : 3_600_000),
  }));
  expect((await summaryOf(paused)).decoupling).toBe(20);
});

test("a half without a ratio leaves none", async () => {
  expect(await decouplingOf(times(1200, { power: 200 }))).toBeNull();
  expect(await decouplingOf(times(1200, { heartrate: 120 }))).toBeNull();
  expect(await decouplingOf(times(1200, { power: 0, heartrate: 120 }))).toBeNull();
  expect(await decouplingOf([...times(600, fresh), ...times(600, noHeartrate)])).toBeNull();
});
