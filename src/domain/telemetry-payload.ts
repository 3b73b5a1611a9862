import { z } from "zod";
import { ABSENT, type Bounds, withinBounds } from "./recording.ts";
import { type Column, type Extras, PRESENCE, type Table } from "./telemetry-columns.ts";
import { DOUBLE_WIDTH, MAX_SCALE, packNumbers, unpackNumbers } from "./telemetry-numbers.ts";

declare global {
  interface JSON {
    /** ECMAScript's "JSON.parse source text access": a value that `stringify` writes as the given text. */
    rawJSON(text: string): object;
  }
}

/** Bounds what decoding allocates: in memory a sample takes far more room than in a payload. */
export const MAX_SAMPLES = 4_000_000;

const columnHeader = z
  .object({
    name: z.string(),
    numbers: z.int().nonnegative(),
    scale: z.int().min(0).max(MAX_SCALE).nullable(),
    width: z.int().min(1).max(DOUBLE_WIDTH),
  })
  .refine(({ scale, width }) => (scale === null) === (width === DOUBLE_WIDTH));
const header = z.object({ samples: z.int().min(0).max(MAX_SAMPLES), columns: z.array(columnHeader) });

type ColumnHeader = z.infer<typeof columnHeader>;

/** Writes a table as the uncompressed payload laid out in telemetry-codec.ts. */
export function writePayload({ length, columns, extras }: Table): Uint8Array {
  const sections: Uint8Array[] = [];
  const columnHeaders = columns.map(({ name, presence, numbers }): ColumnHeader => {
    const { bytes, ...packing } = packNumbers(numbers);
    if (numbers.length < length) sections.push(presence);
    sections.push(bytes);
    return { name, numbers: numbers.length, ...packing };
  });
  if (extras !== null) sections.push(Buffer.from(JSON.stringify(extras, keepEveryNumber)));

  const head = Buffer.from(JSON.stringify({ samples: length, columns: columnHeaders }));
  const headLength = Buffer.alloc(4);
  headLength.writeUInt32LE(head.length);
  return Buffer.concat([headLength, head, ...sections]);
}

/** A column as it lies in a payload. */
type PackedColumn = ColumnHeader & { presence: Uint8Array | undefined; planes: Uint8Array };

/** A payload whose columns are read when they are asked for. Its methods throw some error if it is damaged. */
export class Payload {
  readonly length: number;
  readonly #columns: PackedColumn[];
  readonly #extras: Buffer;

  constructor(payload: Uint8Array) {
    let position = 0;
    const take = (length: number): Buffer => {
      if (length > payload.length - position) throw new Error("the payload is too short");
      position += length;
      return Buffer.from(payload.buffer, payload.byteOffset + position - length, length);
    };
    const { samples, columns } = header.parse(JSON.parse(take(take(4).readUInt32LE()).toString()));
    this.length = samples;
    this.#columns = columns.map((column) => ({
      ...column,
      presence: column.numbers === samples ? undefined : take(samples),
      planes: take(column.numbers * column.width),
    }));
    this.#extras = take(payload.length - position);
  }

  get columnNames(): string[] {
    return this.#columns.map(({ name }) => name);
  }

  /** How long the text is that is parsed for a table, in bytes. */
  get extrasBytes(): number {
    return this.#extras.length;
  }

  /** The inverse of `writePayload`. */
  table(): Table {
    const columns = this.#columns.map((column) => this.#read(column));
    return { length: this.length, columns, extras: this.#readExtras() };
  }

  /** Writes what the samples have in a field to where it belongs, as Recording's columns have it. */
  fill(target: Float64Array, field: string, bounds: Bounds): void {
    target.fill(ABSENT);
    const packed = this.#columns.find(({ name }) => name === field);
    if (packed) {
      const { presence, numbers } = this.#read(packed);
      let next = 0;
      for (let row = 0; row < this.length; row++) {
        if (presence[row] === PRESENCE.absent) continue;
        target[row] = presence[row] === PRESENCE.number ? withinBounds(numbers[next++], bounds) : Number.NaN;
      }
    }
    // Values that are no numbers, and all of a field that came after too many others. Mostly there are none of a field:
    // to look for its name takes a hundredth of the time that parsing does.
    if (!this.#extras.includes(JSON.stringify(field))) return;
    for (const [row, extra] of this.#readExtras()?.entries() ?? []) {
      if (extra && Object.hasOwn(extra, field)) target[row] = withinBounds(extra[field], bounds);
    }
  }

  #read({ name, presence, planes, numbers, scale, width }: PackedColumn): Column {
    const rows = presence ?? new Uint8Array(this.length).fill(PRESENCE.number);
    if (numbersIn(rows) !== numbers) throw new Error("presence and count of numbers differ");
    return { name, presence: rows, numbers: unpackNumbers({ scale, width, bytes: planes }) };
  }

  #readExtras(): (Extras | null)[] | null {
    if (this.#extras.length === 0) return null;
    const extras: unknown = JSON.parse(this.#extras.toString());
    if (Array.isArray(extras) && extras.length === this.length) return extras;
    throw new Error("extras do not match the samples");
  }
}

function numbersIn(presence: Uint8Array): number {
  let numbers = 0;
  for (let row = 0; row < presence.length; row++) if (presence[row] === PRESENCE.number) numbers++;
  return numbers;
}

/** For JSON.stringify, which on its own makes 0 of -0 and null of ±Infinity. */
export function keepEveryNumber(_key: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  if (Object.is(value, -0)) return JSON.rawJSON("-0");
  if (value === Number.POSITIVE_INFINITY) return JSON.rawJSON("1e999");
  if (value === Number.NEGATIVE_INFINITY) return JSON.rawJSON("-1e999");
  return value;
}
