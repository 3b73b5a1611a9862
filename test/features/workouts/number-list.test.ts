import { expect, test } from "bun:test";
import { NumberList } from "../../../src/features/workouts/number-list.ts";

test("keeps every number in order, however many there are", () => {
  const list = new NumberList(Float64Array);
  expect([...list.values()]).toEqual([]);
  for (let number = 0; number < 5000; number++) list.push(number / 4);
  expect(list).toHaveLength(5000);
  expect(list.values()).toEqual(Float64Array.from({ length: 5000 }, (_, number) => number / 4));
});
