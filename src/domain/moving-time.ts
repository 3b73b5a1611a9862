import { at } from "./column.ts";
import type { SecondSeries } from "./per-second.ts";

/** Stretches of whole seconds, apart from each other and ascending: from, to (not included), from, to, … */
type Stretches = Float64Array;

/** How many seconds there are in which any of the series is above zero. All are of one axis. */
export function movingTime(series: readonly SecondSeries[]): number {
  const moving = series.map(aboveZero).reduce(union, new Float64Array(0));
  let seconds = 0;
  for (let edge = 0; edge < moving.length; edge += 2) seconds += at(moving, edge + 1) - at(moving, edge);
  return seconds;
}

function aboveZero({ starts, counts, values }: SecondSeries): Stretches {
  const stretches = new StretchWriter(values.length);
  for (let run = 0; run < values.length; run++) {
    const start = at(starts, run);
    if (at(values, run) > 0) stretches.add(start, start + at(counts, run));
  }
  return stretches.finish();
}

function union(a: Stretches, b: Stretches): Stretches {
  const stretches = new StretchWriter((a.length + b.length) / 2);
  let left = 0;
  let right = 0;
  while (left < a.length || right < b.length) {
    const isLeft = right >= b.length || at(a, left) <= at(b, right);
    if (isLeft) stretches.add(at(a, left), at(a, left + 1));
    else stretches.add(at(b, right), at(b, right + 1));
    if (isLeft) left += 2;
    else right += 2;
  }
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
