import { expect, test } from "bun:test";
import { sportGroup } from "../../src/domain/sport.ts";

test.each([
  "cycling",
  "Indoor Cycling",
  "MOUNTAIN_BIKING",
  "e-bike",
  "VirtualRide",
  "Fahrrad, ride home",
  "",
  "  ",
  null,
  undefined,
])("%p is cycling", (sport) => {
  expect(sportGroup(sport)).toBe("cycling");
});

test.each([
  ["running", "running"],
  [" Running ", "running"],
  ["RÜCKENSCHWIMMEN", "rückenschwimmen"],
  ["БЕГ", "бег"],
  ["gravel", "gravel"],
  ["bicycle", "bicycle"],
])("%p is of the group %p", (sport, group) => {
  expect(sportGroup(sport)).toBe(group);
});
