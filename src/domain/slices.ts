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

/** Whether any of so many elements is so; in the same way, up to the first that is. */
export async function someInSlices(length: number, isSo: (index: number) => boolean): Promise<boolean> {
  let found = false;
  await inSlices(length, (from, to) => {
    for (let index = from; index < to && !found; index++) found = isSo(index);
  });
  return found;
}
