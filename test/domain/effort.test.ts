import { expect, test } from "bun:test";
import { effort } from "../../src/domain/effort.ts";

test("an hour at FTP is an intensity of 1 and a stress of 100", () => {
  const hour = { normalizedPower: 250, avgPower: 250, avgHeartrate: 125, poweredTime: 3600, ftp: 250 };
  expect(effort(hour)).toEqual({
    normalizedPower: 250,
    intensityFactor: 1,
    trainingStress: 100,
    variabilityIndex: 1,
    efficiencyFactor: 2,
  });
});

test("from unrounded values: NP 240.4 W of 300 W for half an hour", () => {
  const half = { normalizedPower: 240.4, avgPower: 200.2, avgHeartrate: 150.3, poweredTime: 1800, ftp: 300 };
  expect(effort(half)).toEqual({
    normalizedPower: 240,
    // 240.4/300 = 0.80133; 0.5 h · 0.80133² · 100 = 32.107; 240.4/200.2 = 1.2008; 240.4/150.3 = 1.59947
    intensityFactor: 0.801,
    trainingStress: 32.1,
    variabilityIndex: 1.201,
    efficiencyFactor: 1.599,
  });
});

test("what lacks a part, or would divide by zero, is not known", () => {
  const nothing = { normalizedPower: 0, avgPower: 0, avgHeartrate: null, poweredTime: 60, ftp: null };
  expect(effort(nothing)).toEqual({
    normalizedPower: 0,
    intensityFactor: null,
    trainingStress: null,
    variabilityIndex: null,
    efficiencyFactor: null,
  });
  const brief = { normalizedPower: null, avgPower: 200, avgHeartrate: 120, poweredTime: 20, ftp: 250 };
  expect(Object.values(effort(brief))).toEqual([null, null, null, null, null]);
});
