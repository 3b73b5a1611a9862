import { setImmediate } from "node:timers/promises";
import { at } from "./column.ts";

/** Values that are merged in a row: some milliseconds of work. */
const MERGED_AT_ONCE = 100_000;

/**
 * The indexes of values in ascending order of these, equal ones as they are; with turns for others in between. What
 * comes in order but for some stretches costs little more than to look at it (natural merge sort).
 */
export async function ascendingOrder(values: Float64Array): Promise<Uint32Array> {
  let order = new Uint32Array(values.length);
  for (let index = 0; index < order.length; index++) order[index] = index;
  let starts = runStarts(values);
  let merged = new Uint32Array(starts.length > 1 ? values.length : 0);
  while (starts.length > 1) {
    await mergePairs(values, order, merged, starts);
    [order, merged] = [merged, order];
    starts = starts.filter((_, run) => run % 2 === 0);
  }
  return order;
}

/** Where each ascending run begins. */
function runStarts(values: Float64Array): Uint32Array {
  const starts = new Uint32Array(values.length + 1);
  let count = 1;
  for (let index = 1; index < values.length; index++) {
    if (at(values, index) < at(values, index - 1)) starts[count++] = index;
  }
  return starts.slice(0, count);
}

/** Merges each run with the one after it. */
async function mergePairs(
  values: Float64Array,
  order: Uint32Array,
  merged: Uint32Array,
  starts: Uint32Array,
): Promise<void> {
  let left = 0;
  let right = 0;
  let middle = 0;
  let end = 0;
  let run = 0;
  for (let from = 0; from < values.length; from += MERGED_AT_ONCE) {
    mergeInto(from, Math.min(from + MERGED_AT_ONCE, values.length));
    await setImmediate();
  }

  function mergeInto(from: number, to: number): void {
    for (let index = from; index < to; index++) {
      if (index === end) {
        left = index;
        right = middle = starts[run + 1] ?? values.length;
        end = starts[run + 2] ?? values.length;
        run += 2;
      }
      const takesLeft = right === end || (left < middle && valueAt(left) <= valueAt(right));
      merged[index] = order[takesLeft ? left++ : right++] ?? 0;
    }
  }

  function valueAt(position: number): number {
    return at(values, order[position] ?? 0);
  }
}
