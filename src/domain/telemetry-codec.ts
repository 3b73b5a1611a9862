/**
 * Samples of a ride as few bytes, every value as it came in. Format version 2; integers are little-endian:
 *
 *   file    := version u8 (= 2), samples u32, blocks u32, CRC-32 of these u32, blocks one after another
 *   block   := length of the frame in bytes u32, CRC-32 of the frame u32, frame
 *   frame   := zstd frame of the payload (RFC 8878)
 *   payload := length of the header in bytes u32, header, columns one after another, extras
 *   header  := JSON { samples, columns: [{ name, numbers, scale, width }] }
 *   column  := presence, planes
 *
 * - A block has the samples that follow those of the block before it, at most 16,384, fewer where they are large: so a
 *   long ride can be read, and written, without all of it in memory. Their numbers add up to that of the file.
 * - `presence`: one byte a sample: 0 field absent, 1 a number, 2 null. Left out if `numbers`, the count of samples
 *   that hold a number, equals `samples`: then it is 1 throughout.
 * - `planes`: `numbers` integers of `width` bytes each: first the lowest byte of all, then the next byte of all, …
 *   With a `scale` (0–9; width 1–7) an integer z is a delta d = z / 2 if z is even, else -(z + 1) / 2. The sum of the
 *   deltas so far (within ±(2^53 - 1)), divided by 10^scale, is the number.
 *   With scale null (width 8) they are the bits of IEEE 754 doubles.
 * - `extras`: nothing, or a JSON array of one object (or null) a sample with its further fields: values that are
 *   neither number nor null, and fields beyond the first 64. It may say `-0`, and `±1e999` for ±Infinity.
 *
 * Every sample has a numeric `timestamp`; the order of its fields is not kept. The CRC guards the frame, not the
 * payload, since zlib's zstdDecompress takes a stream cut short for a whole one.
 *
 * Version 1, which earlier versions of this program have written, is one block without its length:
 *
 *   file    := version u8 (= 1), CRC-32 of the frame u32, frame
 */
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { constants, crc32, zstdCompress, zstdDecompress } from "node:zlib";
import { PIECE, type Portion, portionsOf } from "./portions.ts";
import type { Bounds, SampleRecording } from "./recording.ts";
import type { Sample } from "./sample.ts";
import { samplesOf, tableOf } from "./telemetry-columns.ts";
import { MAX_SAMPLES, Payload, writePayload } from "./telemetry-payload.ts";

const VERSION = 2;
const FILE_HEADER_BYTES = 13;
const CHECKED_HEADER_BYTES = 9;
const BLOCK_HEADER_BYTES = 8;
const UNBLOCKED_VERSION = 1;
const UNBLOCKED_HEADER_BYTES = 5;

/** Four and a half hours of nine fields a second: most rides are one block. Tens of milliseconds of work. */
export const BLOCK: Portion = { samples: 16_384, work: 150_000 };
/** What a decompression bomb may grow to; 14,400 samples with 100 field names each need about 27 MB. */
const MAX_PAYLOAD_BYTES = 256 * 2 ** 20;
/** What the samples of any ride that a sensor made compress to a small part of. */
export const MAX_BYTES = 64 * 2 ** 20;
/** Larger than the default of 16 KiB, for fewer hops between event loop and worker thread. */
const CHUNK_BYTES = 2 ** 18;
const ZSTD_LEVELS = { fast: 3, small: 19 };

/** How hard to compress: `fast` for a ride just ended, `small` for one put away. Both decode alike. */
export type Compression = keyof typeof ZSTD_LEVELS;

export class TelemetryError extends Error {
  override readonly name = "TelemetryError";

  constructor(
    readonly code: "telemetry_damaged" | "telemetry_too_large" | "telemetry_version_unknown",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Takes the samples of a ride block by block, in their order, and makes telemetry of them. */
export class TelemetryWriter {
  readonly #compression: Compression;
  readonly #frames: Uint8Array[] = [];
  #samples = 0;
  #bytes = FILE_HEADER_BYTES;

  constructor(compression: Compression) {
    this.#compression = compression;
  }

  /**
   * Encodes JSON values, in as many blocks as it takes; every number comes back bit by bit.
   * @throws TelemetryError telemetry_too_large. RangeError for values nested too deeply for JSON.stringify (tens of
   * thousands of levels).
   */
  async add(samples: readonly Sample[]): Promise<void> {
    for (const block of portionsOf(samples, BLOCK)) await this.#addBlock(block);
  }

  finish(): Uint8Array {
    return fileOf(this.#frames, this.#samples);
  }

  async #addBlock(samples: readonly Sample[]): Promise<void> {
    const table = tableOf(samples);
    await setImmediate();
    const frame = await compressPayload(writePayload(table), this.#compression);
    this.#samples += samples.length;
    this.#bytes += BLOCK_HEADER_BYTES + frame.length;
    if (this.#bytes > MAX_BYTES || this.#samples > MAX_SAMPLES) throw tooLarge();
    this.#frames.push(frame);
  }
}

/** Encodes samples that are all in memory. Throws as TelemetryWriter does. */
export async function encodeTelemetry(
  samples: readonly Sample[],
  compression: Compression,
): Promise<Uint8Array> {
  const writer = new TelemetryWriter(compression);
  await writer.add(samples);
  return writer.finish();
}

/** Told of about so many bytes of memory that reading has made use of and needs no longer. */
type OnGarbage = (bytes: number) => void;

/** What reading leaves behind, in bytes: of a sample, of a number of a column, of each byte of extras. */
const SAMPLE_GARBAGE = 1000;
const NUMBER_GARBAGE = 32;
const EXTRAS_GARBAGE = 16;

/** @throws TelemetryError if the version is unknown or the bytes are damaged, as far as it looks at them. */
export async function openTelemetry(bytes: Uint8Array, onGarbage: OnGarbage = () => {}): Promise<Telemetry> {
  const { samples, frames } = layoutOf(bytes);
  if (samples !== undefined) return new Telemetry(frames, samples, onGarbage);
  const [only] = frames;
  return new Telemetry(frames, only ? (await openPayload(only)).length : 0, onGarbage);
}

/** Telemetry to be read; no more than a block of it is in memory unpacked. Its methods throw TelemetryError. */
export class Telemetry implements SampleRecording {
  readonly #frames: Frame[];
  readonly #onGarbage: OnGarbage;
  /** The block that was read last. */
  #latest: { index: number; payload: Payload } | undefined;

  constructor(
    frames: Frame[],
    readonly length: number,
    onGarbage: OnGarbage,
  ) {
    this.#frames = frames;
    this.#onGarbage = onGarbage;
  }

  /** How many there are. */
  get blocks(): number {
    return this.#frames.length;
  }

  async *samples(): AsyncGenerator<readonly Sample[], void, void> {
    for await (const payload of this.#payloads()) {
      const rows = orDamaged(() => samplesOf(payload.table(), rowsAtOnce(payload)));
      for (let next = orDamaged(() => rows.next()); !next.done; next = orDamaged(() => rows.next())) {
        for (const piece of portionsOf(next.value, PIECE)) {
          yield piece;
          this.#onGarbage(piece.length * SAMPLE_GARBAGE);
          await setImmediate();
        }
      }
      this.#onGarbage(payload.extrasBytes * EXTRAS_GARBAGE);
    }
  }

  timestamps(): Promise<Float64Array> {
    return this.column("timestamp", [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  }

  async column(field: string, bounds: Bounds): Promise<Float64Array> {
    const column = new Float64Array(this.length);
    let filled = 0;
    for await (const payload of this.#payloads()) {
      orDamaged(() => payload.fill(column.subarray(filled, filled + payload.length), field, bounds));
      filled += payload.length;
      this.#onGarbage(payload.length * NUMBER_GARBAGE);
      await setImmediate();
    }
    return column;
  }

  async *#payloads(): AsyncGenerator<Payload, void, void> {
    let samples = 0;
    for (let index = 0; index < this.#frames.length; index++) {
      const payload = await this.#payload(index);
      samples += payload.length;
      if (samples > this.length) throw damaged();
      yield payload;
    }
    if (samples < this.length) throw damaged();
  }

  async #payload(index: number): Promise<Payload> {
    const frame = this.#frames[index];
    if (!frame) throw damaged();
    if (this.#latest?.index !== index) this.#latest = { index, payload: await openPayload(frame) };
    return this.#latest.payload;
  }
}

/** Of many columns fewer rows make a piece. */
function rowsAtOnce({ columnNames }: Payload): number {
  return Math.max(1, Math.min(PIECE.samples, Math.floor(PIECE.work / Math.max(1, columnNames.length))));
}

/** All the samples at once. Throws as Telemetry does. */
export async function decodeTelemetry(bytes: Uint8Array): Promise<Sample[]> {
  const telemetry = await openTelemetry(bytes);
  const samples: Sample[] = [];
  for await (const piece of telemetry.samples()) samples.push(...piece);
  return samples;
}

/** The same telemetry, compressed anew without looking at the samples. Throws as Telemetry and TelemetryWriter do. */
export async function recompressTelemetry(bytes: Uint8Array, compression: Compression): Promise<Uint8Array> {
  const layout = layoutOf(bytes);
  const recompressed: Uint8Array[] = [];
  let samples = 0;
  for (const frame of layout.frames) {
    const payload = await unpack(frame);
    samples += orDamaged(() => new Payload(payload)).length;
    recompressed.push(await compressPayload(payload, compression));
  }
  if (samples !== (layout.samples ?? samples)) throw damaged();
  return fileOf(recompressed, samples);
}

/** Whether the bytes are telemetry as it was written, by version and checksums; without unpacking them. */
export function isTelemetrySound(bytes: Uint8Array): boolean {
  try {
    return layoutOf(bytes).frames.every(isFrameSound);
  } catch {
    return false;
  }
}

type Frame = { bytes: Uint8Array; crc: number };

function fileOf(frames: readonly Uint8Array[], samples: number): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.writeUInt8(VERSION, 0);
  header.writeUInt32LE(samples, 1);
  header.writeUInt32LE(frames.length, 5);
  header.writeUInt32LE(crc32(header.subarray(0, CHECKED_HEADER_BYTES)), CHECKED_HEADER_BYTES);
  const blocks = frames.flatMap((frame) => {
    const start = Buffer.alloc(BLOCK_HEADER_BYTES);
    start.writeUInt32LE(frame.length, 0);
    start.writeUInt32LE(crc32(frame), 4);
    return [start, frame];
  });
  return Buffer.concat([header, ...blocks]);
}

/** The blocks of a file; how many samples they have is not told by the older version. */
function layoutOf(bytes: Uint8Array): { samples: number | undefined; frames: Frame[] } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = file.length > 0 ? file.readUInt8(0) : undefined;
  if (version === UNBLOCKED_VERSION)
    return { samples: undefined, frames: [orDamaged(() => onlyFrame(file))] };
  if (version === VERSION) return orDamaged(() => blocksOf(file));
  if (version === undefined) throw damaged();
  throw new TelemetryError("telemetry_version_unknown", `Telemetry of version ${version} is unknown.`);
}

function onlyFrame(file: Buffer): Frame {
  return { crc: file.readUInt32LE(1), bytes: file.subarray(UNBLOCKED_HEADER_BYTES) };
}

function blocksOf(file: Buffer): { samples: number; frames: Frame[] } {
  const samples = file.readUInt32LE(1);
  const crc = file.readUInt32LE(CHECKED_HEADER_BYTES);
  if (crc !== crc32(file.subarray(0, CHECKED_HEADER_BYTES))) throw new Error("the header is damaged");
  if (samples > MAX_SAMPLES) throw new Error("there are more samples than can be");
  const frames: Frame[] = [];
  let position = FILE_HEADER_BYTES;
  for (let block = file.readUInt32LE(5); block > 0; block--) {
    const start = position + BLOCK_HEADER_BYTES;
    const crc = file.readUInt32LE(position + 4);
    position = start + file.readUInt32LE(position);
    if (position > file.length) throw new Error("a block is cut off");
    frames.push({ crc, bytes: file.subarray(start, position) });
  }
  if (position !== file.length) throw new Error("there is more than the blocks");
  return { samples, frames };
}

function isFrameSound({ bytes, crc }: Frame): boolean {
  return crc32(bytes) === crc;
}

/** Payload → frame. The zstd work is done off the event loop, here and in `unpack`. */
async function compressPayload(payload: Uint8Array, compression: Compression): Promise<Uint8Array> {
  if (payload.length > MAX_PAYLOAD_BYTES) throw tooLarge();
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVELS[compression] };
  return compress(payload, { params, chunkSize: CHUNK_BYTES });
}

/** Frame → payload. */
async function unpack(frame: Frame): Promise<Uint8Array> {
  if (!isFrameSound(frame)) throw damaged();
  try {
    return await decompress(frame.bytes, { maxOutputLength: MAX_PAYLOAD_BYTES, chunkSize: CHUNK_BYTES });
  } catch (cause) {
    throw damaged(cause);
  }
}

async function openPayload(frame: Frame): Promise<Payload> {
  const bytes = await unpack(frame);
  return orDamaged(() => new Payload(bytes));
}

/** What cannot be read of a frame whose checksum is right was not written by this program. */
function orDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw damaged(cause);
  }
}

function damaged(cause?: unknown): TelemetryError {
  return new TelemetryError("telemetry_damaged", "The telemetry is damaged.", { cause });
}

function tooLarge(): TelemetryError {
  return new TelemetryError(
    "telemetry_too_large",
    "The ride is too large to be kept: its samples take more than 64 MB, even compressed.",
  );
}
