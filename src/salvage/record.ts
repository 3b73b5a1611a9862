/*
 * Records and their integers as SQLite keeps them, https://www.sqlite.org/fileformat.html#record_format: a header of
 * varints (its own length, then a serial type for each value), then the values.
 */

/** Text stays bytes, so that what was damaged is passed on as it is. */
type Text = { text: Uint8Array };
export type Value = null | number | bigint | Text | Uint8Array;

/** What there is of a text or a blob that is longer; its type may be what is damaged. */
export type Cut = { cut: Text | Uint8Array };

/** The serial types from which on the odd ones are text and the even ones blobs. */
const FIRST_SIZED_TYPE = 12;
/** No table of this program has so many columns. */
const MOST_VALUES = 100;
const FIXED_SIZES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

/** Reads forward through bytes; past their end it reads zeros, and says so. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.position = position;
  }

  get isPastEnd(): boolean {
    return this.position > this.#bytes.length;
  }

  /** A signed 64-bit integer of 1 to 9 bytes, big-endian, 7 bits a byte and all 8 of the ninth. */
  varint(): number | bigint {
    let small = 0;
    for (let count = 1; count <= 7; count++) {
      const byte = this.#next();
      small = small * 128 + (byte & 0x7f);
      if (byte < 0x80) return small;
    }
    let large = BigInt(small);
    const eighth = this.#next();
    large = (large << 7n) | BigInt(eighth & 0x7f);
    if (eighth >= 0x80) large = (large << 8n) | BigInt(this.#next());
    return narrowed(BigInt.asIntN(64, large));
  }

  /** A big-endian unsigned integer of up to 4 bytes. */
  unsigned(size: number): number {
    let value = 0;
    for (let count = 0; count < size; count++) value = value * 256 + this.#next();
    return value;
  }

  #next(): number {
    return this.#bytes[this.position++] ?? 0;
  }
}

/**
 * The values of a record, in order; undefined for a number that is cut off or that has no valid type. Null when the
 * header itself is nonsense.
 */
export function decodeRecord(payload: Uint8Array): (Value | Cut | undefined)[] | null {
  const header = new ByteReader(payload);
  const headerEnd = Number(header.varint());
  if (headerEnd < 1 || headerEnd > payload.length) return null;
  const values: (Value | Cut | undefined)[] = [];
  let position = headerEnd;
  while (header.position < headerEnd && values.length < MOST_VALUES) {
    const type = Number(header.varint());
    const size = sizeOf(type);
    const isWhole = position + size <= payload.length;
    values.push(isWhole ? valueFrom(type, payload, position, size) : cutFrom(type, payload, position));
    position += size;
  }
  return header.position === headerEnd ? values : null;
}

function sizeOf(type: number): number {
  if (type < 0) return Number.POSITIVE_INFINITY;
  return FIXED_SIZES[type] ?? Math.floor((type - FIRST_SIZED_TYPE) / 2);
}

function valueFrom(type: number, payload: Uint8Array, position: number, size: number): Value | undefined {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type === 10 || type === 11) return undefined;
  if (type < 7) return integer(payload, position, size);
  if (type === 7) return new DataView(payload.buffer, payload.byteOffset + position, 8).getFloat64(0);
  return sized(type, payload.subarray(position, position + size));
}

function cutFrom(type: number, payload: Uint8Array, position: number): Cut | undefined {
  return type < FIRST_SIZED_TYPE ? undefined : { cut: sized(type, payload.subarray(position)) };
}

function sized(type: number, bytes: Uint8Array): Text | Uint8Array {
  return type % 2 === 0 ? bytes : { text: bytes };
}

/** Two's complement, big-endian. */
function integer(payload: Uint8Array, position: number, size: number): number | bigint {
  const view = new DataView(payload.buffer, payload.byteOffset + position, size);
  if (size === 8) return narrowed(view.getBigInt64(0));
  const unsigned = new ByteReader(payload, position + 1);
  let value = view.getInt8(0);
  for (let rest = size - 1; rest > 0; rest--) value = value * 256 + unsigned.unsigned(1);
  return value;
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
