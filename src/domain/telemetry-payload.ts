import { z } from "zod";
import { type Column, type Extras, PRESENCE, type Table } from "./telemetry-columns.ts";
import { DOUBLE_WIDTH, MAX_SCALE, packNumbers, unpackNumbers } from "./telemetry-numbers.ts";

declare global {
  interface JSON {
    /** ECMAScript's "JSON.parse source text access": a value that `stringify` writes as the given text. */
    rawJSON(text: string): object;
  }
}

/** 46 days at one a second. Bounds what decoding allocates: in memory a sample takes far more room than in a payload. */
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

/** Writes a table as the uncompressed payload laid out in telemetry-codec.ts. */
export function writePayload({ length, columns, extras }: Table): Uint8Array {
  const sections: Uint8Array[] = [];
  const columnHeaders = columns.map(({ name, presence, numbers }): z.infer<typeof columnHeader> => {
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

/** The inverse of `writePayload`. Throws some error if the payload is damaged. */
export function readPayload(payload: Uint8Array): Table {
  let position = 0;
  const take = (length: number): Buffer => {
    if (length > payload.length - position) throw new Error("the payload is too short");
    position += length;
    return Buffer.from(payload.buffer, payload.byteOffset + position - length, length);
  };

  const { samples, columns } = header.parse(JSON.parse(take(take(4).readUInt32LE()).toString()));
  const readColumn = ({ name, numbers, scale, width }: z.infer<typeof columnHeader>): Column => {
    const presence = numbers === samples ? new Uint8Array(samples).fill(PRESENCE.number) : take(samples);
    if (numbersIn(presence) !== numbers) throw new Error("presence and count of numbers differ");
    return { name, presence, numbers: unpackNumbers({ scale, width, bytes: take(numbers * width) }) };
  };
  return {
    length: samples,
    columns: columns.map(readColumn),
    extras: readExtras(take(payload.length - position), samples),
  };
}

function numbersIn(presence: Uint8Array): number {
  let numbers = 0;
  for (let row = 0; row < presence.length; row++) if (presence[row] === PRESENCE.number) numbers++;
  return numbers;
}

function readExtras(bytes: Buffer, samples: number): (Extras | null)[] | null {
  if (bytes.length === 0) return null;
  const extras: unknown = JSON.parse(bytes.toString());
  if (!Array.isArray(extras) || extras.length !== samples) throw new Error("extras do not match the samples");
  return extras;
}

/** For JSON.stringify, which on its own makes 0 of -0 and null of ±Infinity. */
export function keepEveryNumber(_key: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  if (Object.is(value, -0)) return JSON.rawJSON("-0");
  if (value === Number.POSITIVE_INFINITY) return JSON.rawJSON("1e999");
  if (value === Number.NEGATIVE_INFINITY) return JSON.rawJSON("-1e999");
  return value;
}
