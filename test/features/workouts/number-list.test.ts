import { expect, test } from "bun:test";
import { NumberList } from "../../../src/features/workouts/number-list.ts";

test.each([0, 1, 65_535, 65_536, 65_537, 200_000])("keeps every number in order: %p of them", (length) => {
  const list = new NumberList(Float64Array);
  for (let number = 0; number < length; number++) list.push(number / 4);
  expect(list).toHaveLength(length);
  expect(list.take()).toEqual(Float64Array.from({ length }, (_, number) => number / 4));
  expect(list).toHaveLength(0);
});
