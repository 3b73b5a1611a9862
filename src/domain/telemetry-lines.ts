import { parseSample, type Sample } from "./sample.ts";
import { keepEveryNumber } from "./telemetry-payload.ts";

/** Samples per piece of text: a ride's whole text need never be there at once as one string. */
const PAGE = 1000;
const NEWLINE = 10;

/** In bytes: several whole requests of messages, all of the same millisecond, make one sample. */
const LONGEST_LINE = 8 * 2 ** 20;

/**
 * Samples as NDJSON that `readLines` reads again bit by bit: it says `-0`, and `±1e999` for ±Infinity, which is JSON
 * though JSON.stringify does not write it.
 */
export function writeLines(samples: readonly Sample[]): Uint8Array {
  const pages: Buffer[] = [];
  for (let start = 0; start < samples.length; start += PAGE) {
    const lines = samples.slice(start, start + PAGE).map((sample) => JSON.stringify(sample, keepEveryNumber));
    pages.push(Buffer.from(`${lines.join("\n")}\n`));
  }
  return Buffer.concat(pages);
}

/**
 * The inverse of `writeLines`, whatever pieces the bytes come in; only the samples are ever there at once.
 * @throws Error that names the line which is no sample, or not later than the one before: a ride's samples are merged.
 * Error when there are more than `most` samples.
 */
export async function readLines(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  const add = (line: Buffer) => {
    if (samples.length === most) throw new Error(`There are more than ${most} samples.`);
    // A sample without a timestamp has none that is later than any.
    const sample = parseSample(line.toString(), Number.NaN);
    if (!sample || !(sample.timestamp > latest)) {
      throw new Error(`Line ${samples.length + 1} is no sample that is later than the one before.`);
    }
    samples.push(sample);
    latest = sample.timestamp;
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const buffer = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = buffer.indexOf(NEWLINE); end !== -1; end = buffer.indexOf(NEWLINE, start)) {
      add(buffer.subarray(start, end));
      start = end + 1;
    }
    rest = buffer.subarray(start);
    if (rest.length > LONGEST_LINE) throw new Error(`Line ${samples.length + 1} is too long.`);
  }
  if (rest.length > 0) add(rest);
  return samples;
}
