import { expect, test } from "bun:test";
import fc from "fast-check";
import { ascendingOrder } from "../../src/domain/order.ts";

const orderOf = async (values: readonly number[]) => [...(await ascendingOrder(Float64Array.from(values)))];

/** The indexes as the language sorts them, which is stable too. */
const orderByHand = (values: readonly number[]) =>
  values.map((_, index) => index).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));

test("indexes in ascending order of the values, equal ones as they are", async () => {
  expect(await orderOf([30, 10, 20, 10, 30])).toEqual([1, 3, 2, 0, 4]);
  expect(await orderOf([1, 2, 3])).toEqual([0, 1, 2]);
  expect(await orderOf([3, 2, 1])).toEqual([2, 1, 0]);
  expect(await orderOf([5])).toEqual([0]);
  expect(await orderOf([])).toEqual([]);
});

test("is the stable order of any values, with many equal ones and in long stretches", () => {
  const few = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3000, size: "max" });
  const any = fc.array(fc.double({ noNaN: true }), { maxLength: 200, size: "max" });
  const stretch = fc.record({
    from: fc.integer({ min: 0, max: 3000 }),
    length: fc.integer({ min: 1, max: 800 }),
  });
  const stretches = fc
    .array(stretch, { maxLength: 9 })
    .map((parts) =>
      parts.flatMap(({ from, length }) => Array.from({ length }, (_, index) => from + (index >> 1))),
    );
  return fc.assert(
    fc.asyncProperty(fc.oneof(few, any, stretches), async (values) => {
      // −0 is no less than 0.
      expect(await orderOf(values)).toEqual(orderByHand(values));
    }),
  );
});

test("more values than are merged in a row: three stretches of which the middle one came late", async () => {
  const values = Array.from({ length: 350_000 }, (_, index) => index);
  const sent = [...values.slice(0, 120_000), ...values.slice(240_000), ...values.slice(120_000, 240_000)];
  const order = await ascendingOrder(Float64Array.from(sent));
  expect(values.every((value) => sent[order[value] ?? 0] === value)).toBe(true);
});
