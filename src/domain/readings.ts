import { at } from "./column.ts";
import { inSlices, someInSlices } from "./slices.ts";

/** The samples that have a value in a column, in their order: at what time in ms, and how many metres. */
export type Readings = { times: Float64Array; metres: Float64Array };

/** Of a column in metres. Where every sample has a value, as mostly, these are the arrays given. */
export async function readingsOf(timestamps: Float64Array, column: Float64Array): Promise<Readings> {
  if (!(await hasGaps(column))) return { times: timestamps, metres: column };
  const times = new Float64Array(column.length);
  const metres = new Float64Array(column.length);
  let count = 0;
  await inSlices(column.length, (from, to) => {
    for (let index = from; index < to; index++) {
      if (!Number.isFinite(column[index])) continue;
      times[count] = at(timestamps, index);
      metres[count++] = at(column, index);
    }
  });
  return { times: times.subarray(0, count), metres: metres.subarray(0, count) };
}

function hasGaps(column: Float64Array): Promise<boolean> {
  return someInSlices(column.length, (index) => !Number.isFinite(column[index]));
}
