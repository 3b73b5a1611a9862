import { setImmediate } from "node:timers/promises";

/** Elements that are gone over in a row: some milliseconds of work. */
const SLICE = 50_000;

/**
 * Goes over so many elements, one stretch after another, with turns for others in between: a long ride has millions.
 * @param visit is called with the first element of a stretch and the one after its last
 */
export async function inSlices(length: number, visit: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < length; from += SLICE) {
    if (from > 0) await setImmediate();
    visit(from, Math.min(from + SLICE, length));
  }
}
