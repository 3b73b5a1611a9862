import { parseSample, type Sample } from "./sample.ts";
import { keepEveryNumber } from "./telemetry-payload.ts";

/** Samples per piece of text: a ride's whole text need never be there at once as one string. */
const PAGE = 1000;
const NEWLINE = 10;

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
 * The inverse of `writeLines`.
 * @throws Error that names the line which is no sample, or not later than the one before: a ride's samples are merged.
 */
export function readLines(bytes: Uint8Array): Sample[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples: Sample[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  for (let start = 0; start < buffer.length; ) {
    const newline = buffer.indexOf(NEWLINE, start);
    const end = newline === -1 ? buffer.length : newline;
    // A sample without a timestamp has none that is later than any.
    const sample = parseSample(buffer.toString("utf8", start, end), Number.NaN);
    if (!sample || !(sample.timestamp > latest)) {
      throw new Error(`Line ${samples.length + 1} is no sample that is later than the one before.`);
    }
    samples.push(sample);
    latest = sample.timestamp;
    start = end + 1;
  }
  return samples;
}
