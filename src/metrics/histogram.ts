/** Counts values by size; the cost of one is a few nanoseconds, since every sample brings some. */
export class Histogram {
  /** How many values were at most each bound, and above the one before it; at the end those above all bounds. */
  readonly counts: number[];
  sum = 0;

  /** @param bounds in ascending order */
  constructor(readonly bounds: readonly number[]) {
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let index = 0;
    while (value > (this.bounds[index] ?? Number.POSITIVE_INFINITY)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}
