import type { StreamEntry } from "./buffer.ts";

/** What an entry counts for beside its characters. */
export const ENTRY_WEIGHT = 50;

/** Of messages of the largest kind about 0.8 MB. */
const SMALLEST_PAGE = 8;

/** How many times as many the next page may have. */
const GROWTH = 8;

/** How many messages to read at once: few until it is known how large they are, and then what weighs enough. */
export class PageSize {
  #count = SMALLEST_PAGE;

  constructor(
    readonly largest: number,
    /** Of a page, in characters. */
    readonly weight: number,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** Learns from the page that was read last. */
  learn(page: readonly StreamEntry[]): void {
    const fitting = Math.floor((this.weight / weightOf(page)) * page.length);
    this.#count = Math.max(1, Math.min(fitting, this.#count * GROWTH, this.largest));
  }

  /** Has the next page be a small one, if the last was not: larger messages may have made it too large to be read. */
  shrink(): boolean {
    const canShrink = this.#count > SMALLEST_PAGE;
    this.#count = Math.min(this.#count, SMALLEST_PAGE);
    return canShrink;
  }
}

/** Characters, and something for each entry. */
export function weightOf(entries: readonly StreamEntry[]): number {
  return entries.reduce((sum, { data }) => sum + (data?.length ?? 0) + ENTRY_WEIGHT, 0);
}
