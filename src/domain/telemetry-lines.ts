import type { SampleRecording } from "./recording.ts";
import { parseObject, type Sample } from "./sample.ts";
import { keepEveryNumber } from "./telemetry-payload.ts";
import { DATE_RANGE } from "./timestamp.ts";

const NEWLINE = 10;

/** In bytes: several whole requests of messages, all of the same millisecond, make one sample. */
const LONGEST_LINE = 8 * 2 ** 20;

/** Samples of a file are handed on when there are so many, or so many bytes of them. */
const PIECE_SAMPLES = 4096;
const PIECE_BYTES = 4_000_000;

/**
 * Samples as NDJSON that `readLines` reads again bit by bit: it says `-0`, and `±1e999` for ±Infinity, which is JSON
 * though JSON.stringify does not write it.
 */
export async function* writeLines(
  recording: Pick<SampleRecording, "samples">,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const samples of recording.samples()) {
    const lines = samples.map(writeLine);
    yield Buffer.from(`${lines.join("\n")}\n`);
  }
}

/** The way for every number takes six times as long, and hardly any sample needs it. */
function writeLine(sample: Sample): string {
  const isPlain = Object.values(sample).every((value) =>
    typeof value === "number"
      ? Number.isFinite(value) && !Object.is(value, -0)
      : typeof value !== "object" || value === null,
  );
  return isPlain ? JSON.stringify(sample) : JSON.stringify(sample, keepEveryNumber);
}

/**
 * The inverse of `writeLines`, whatever pieces the bytes come in: samples, some thousand at a time.
 * @throws Error that names the line which is no sample, or is earlier than the one before: a ride's samples are in order.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Sample[], void, void> {
  const lines = new LineReader();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const buffer = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = buffer.indexOf(NEWLINE); end !== -1; end = buffer.indexOf(NEWLINE, start)) {
      lines.read(buffer.subarray(start, end));
      start = end + 1;
      if (lines.isFull) yield lines.take();
    }
    rest = buffer.subarray(start);
    if (rest.length > LONGEST_LINE) throw new Error(`Line ${lines.count + 1} is too long.`);
  }
  if (rest.length > 0) lines.read(rest);
  yield lines.take();
}

class LineReader {
  #samples: Sample[] = [];
  #bytes = 0;
  #latest = Number.NEGATIVE_INFINITY;
  count = 0;

  get isFull(): boolean {
    return this.#samples.length >= PIECE_SAMPLES || this.#bytes >= PIECE_BYTES;
  }

  read(line: Buffer): void {
    const fields = parseObject(line.toString());
    // As it was written: a number that was a timestamp then is one in milliseconds, however small.
    if (!fields || !isSample(fields) || fields.timestamp < this.#latest) {
      throw new Error(`Line ${this.count + 1} is no sample that is as late as the one before.`);
    }
    this.#samples.push(fields);
    this.#bytes += line.length;
    this.#latest = fields.timestamp;
    this.count += 1;
  }

  take(): Sample[] {
    const samples = this.#samples;
    this.#samples = [];
    this.#bytes = 0;
    return samples;
  }
}

function isSample(fields: Record<string, unknown>): fields is Sample {
  return typeof fields.timestamp === "number" && Math.abs(fields.timestamp) <= DATE_RANGE;
}
