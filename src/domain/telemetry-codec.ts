/**
 * Samples of a ride as few bytes, every value as it came in. Format version 1; integers are little-endian:
 *
 *   file    := version u8 (= 1), CRC-32 of the frame u32, frame
 *   frame   := zstd frame of the payload (RFC 8878)
 *   payload := length of the header in bytes u32, header, columns one after another, extras
 *   header  := JSON { samples, columns: [{ name, numbers, scale, width }] }
 *   column  := presence, planes
 *
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
 */
import { promisify } from "node:util";
import { constants, crc32, zstdCompress, zstdDecompress } from "node:zlib";
import type { Sample } from "./sample.ts";
import { samplesOf, tableOf } from "./telemetry-columns.ts";
import { MAX_SAMPLES, readPayload, writePayload } from "./telemetry-payload.ts";

const VERSION = 1;
const FRAME_START = 5;
/** What a decompression bomb may grow to; 14,400 samples with 100 field names each need about 27 MB. */
const MAX_PAYLOAD_BYTES = 256 * 2 ** 20;
/** Larger than the default of 16 KiB, for fewer hops between event loop and worker thread. */
const CHUNK_BYTES = 2 ** 18;
const ZSTD_LEVELS = { fast: 3, small: 19 };

/** How hard to compress: `fast` for a ride just ended, `small` for one put away. Both decode alike. */
export type Effort = keyof typeof ZSTD_LEVELS;

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

/**
 * Encodes samples of JSON values; every number comes back bit by bit. Throws TelemetryError beyond 4 million samples or
 * 256 MiB of payload, and RangeError for values nested too deeply for JSON.stringify (tens of thousands of levels).
 */
export async function encodeTelemetry(samples: readonly Sample[], effort: Effort): Promise<Uint8Array> {
  if (samples.length > MAX_SAMPLES) throw tooLarge();
  return seal(writePayload(tableOf(samples)), effort);
}

/** Decodes what `encodeTelemetry` made. Throws TelemetryError if the version is unknown or the bytes are damaged. */
export async function decodeTelemetry(bytes: Uint8Array): Promise<Sample[]> {
  const payload = await unseal(bytes);
  try {
    return samplesOf(readPayload(payload));
  } catch (cause) {
    throw damaged(cause);
  }
}

/** The same telemetry, compressed anew without looking at the samples. Throws as `decodeTelemetry` does. */
export async function recompressTelemetry(bytes: Uint8Array, effort: Effort): Promise<Uint8Array> {
  return seal(await unseal(bytes), effort);
}

/** Whether the bytes are telemetry as it was written, by version and checksum; without unpacking them. */
export function isTelemetrySound(bytes: Uint8Array): boolean {
  try {
    frameOf(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Payload → file. The zstd work is done off the event loop, here and in `unseal`. */
async function seal(payload: Uint8Array, effort: Effort): Promise<Uint8Array> {
  if (payload.length > MAX_PAYLOAD_BYTES) throw tooLarge();
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVELS[effort] };
  const frame = await compress(payload, { params, chunkSize: CHUNK_BYTES });
  const start = Buffer.alloc(FRAME_START);
  start.writeUInt8(VERSION, 0);
  start.writeUInt32LE(crc32(frame), 1);
  return Buffer.concat([start, frame]);
}

/** File → payload. */
async function unseal(bytes: Uint8Array): Promise<Uint8Array> {
  const frame = frameOf(bytes);
  try {
    return await decompress(frame, { maxOutputLength: MAX_PAYLOAD_BYTES, chunkSize: CHUNK_BYTES });
  } catch (cause) {
    throw damaged(cause);
  }
}

function frameOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < FRAME_START) throw damaged();
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, FRAME_START);
  const frame = bytes.subarray(FRAME_START);
  const version = start.readUInt8(0);
  if (version !== VERSION) throw unknownVersion(version);
  if (start.readUInt32LE(1) !== crc32(frame)) throw damaged();
  return frame;
}

function damaged(cause?: unknown): TelemetryError {
  return new TelemetryError("telemetry_damaged", "The telemetry is damaged.", { cause });
}

function unknownVersion(version: number): TelemetryError {
  return new TelemetryError("telemetry_version_unknown", `Telemetry of version ${version} is unknown.`);
}

function tooLarge(): TelemetryError {
  return new TelemetryError("telemetry_too_large", "The telemetry is too large to be kept.");
}
