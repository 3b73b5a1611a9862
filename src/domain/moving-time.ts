import { at } from "./column.ts";
import type { SecondSeries } from "./per-second.ts";
import { inSlices } from "./slices.ts";

/** Stretches of whole seconds, apart from each other and ascending: from, to (not included), from, to, … */
export type Stretches = Float64Array;

/** How many seconds they have. */
export function secondsIn(stretches: Stretches): number {
  let seconds = 0;
  for (let edge = 0; edge < stretches.length; edge += 2)
    seconds += at(stretches, edge + 1) - at(stretches, edge);
  return seconds;
}

/** Where a series is above zero. */
export async function aboveZero({ starts, counts, values }: SecondSeries): Promise<Stretches> {
  const stretches = new StretchWriter(values.length);
  await inSlices(values.length, (from, to) => {
    for (let run = from; run < to; run++) {
      const start = at(starts, run);
      if (at(values, run) > 0) stretches.add(start, start + at(counts, run));
    }
  });
  return stretches.finish();
}

/** Where there is either. */
export async function union(a: Stretches, b: Stretches): Promise<Stretches> {
  const both = (a.length + b.length) / 2;
  const stretches = new StretchWriter(both);
  let left = 0;
  let right = 0;
  await inSlices(both, (from, to) => {
    for (let stretch = from; stretch < to; stretch++) {
      const isLeft = right >= b.length || at(a, left) <= at(b, right);
      if (isLeft) stretches.add(at(a, left), at(a, left + 1));
      else stretches.add(at(b, right), at(b, right + 1));
      if (isLeft) left += 2;
      else right += 2;
    }
  });
  return stretches.finish();
}

/** Takes stretches in the order of their beginnings and joins those that touch. */
class StretchWriter {
  readonly #edges: Float64Array;
  #length = 0;

  constructor(most: number) {
    this.#edges = new Float64Array(2 * most);
  }

  add(from: number, to: number): void {
    const last = this.#length - 1;
    if (last > 0 && from <= at(this.#edges, last)) {
      this.#edges[last] = Math.max(at(this.#edges, last), to);
      return;
    }
    this.#edges[this.#length++] = from;
    this.#edges[this.#length++] = to;
  }

  finish(): Stretches {
    return this.#edges.subarray(0, this.#length);
  }
}
