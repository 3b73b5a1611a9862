import type { Sample } from "./sample.ts";

/** So many samples at most, and so much work by `workOf`. */
export type Portion = { samples: number; work: number };

/** What is handed out at once: some milliseconds of work, without a turn for others. */
export const PIECE: Portion = { samples: 4096, work: 40_000 };

/** Text is gone through so many characters at a time in the time that a number takes. */
const CHARACTERS = 4;

/** What a sample gives to do: one for each of its fields, and more for text and what nests. */
export function workOf(sample: Sample): number {
  let work = 0;
  for (const name in sample) {
    const value = sample[name];
    work += 1;
    if (typeof value === "string") work += value.length / CHARACTERS;
    else if (typeof value === "object" && value !== null) work += JSON.stringify(value).length / CHARACTERS;
  }
  return work;
}

/** Samples in portions, each with one at least. */
export function* portionsOf(samples: readonly Sample[], most: Portion): Generator<readonly Sample[]> {
  let from = 0;
  let work = 0;
  for (const [index, sample] of samples.entries()) {
    const more = workOf(sample);
    if (index > from && (index - from >= most.samples || work + more > most.work)) {
      yield samples.slice(from, index);
      from = index;
      work = 0;
    }
    work += more;
  }
  if (from < samples.length) yield samples.slice(from);
}
