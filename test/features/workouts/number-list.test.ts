import { expect, test } from "bun:test";
import { NumberList } from "../../../src/features/workouts/number-list.ts";

test.each([
  ["as many as expected", 5000],
  ["more than that", 10],
  ["fewer", 9000],
])("keeps every number in order: %s", (_, expected) => {
  const list = new NumberList(Float64Array, expected);
  expect([...list.values()]).toEqual([]);
  for (let number = 0; number < 5000; number++) list.push(number / 4);
  expect(list).toHaveLength(5000);
  expect(list.values()).toEqual(Float64Array.from({ length: 5000 }, (_, number) => number / 4));
});
