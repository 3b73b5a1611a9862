import { BOUNDS } from "./column.ts";
import { type Sample, setOwn } from "./sample.ts";

/** What a column says of one sample. */
export const PRESENCE = { absent: 0, number: 1, null: 2 } as const;

/** One field of a ride: `presence` has one entry a sample, `numbers` only those that are there. */
export type Column = { name: string; presence: Uint8Array; numbers: Float64Array };

/** The fields of one sample that no column holds. */
export type Extras = Record<string, unknown>;

/** A ride by columns; `extras` has one entry a sample, or is null where no sample has any. */
export type Table = { length: number; columns: Column[]; extras: (Extras | null)[] | null };

/** Bounds the cost of a ride whose every sample brings new field names: the rest of them become extras. */
const MAX_COLUMNS = 64;

/** These are columns however many others come before them. */
const ALWAYS_COLUMNS = new Set(["timestamp", ...Object.keys(BOUNDS)]);

/** Turns samples into columns: the first fields that hold a number or null; all other values become extras. */
export function tableOf(samples: readonly Sample[]): Table {
  const open = new Map<string, Column & { count: number }>();
  const columnFor = (name: string) => {
    const known = open.get(name);
    if (known !== undefined) return known;
    if (open.size >= MAX_COLUMNS - ALWAYS_COLUMNS.size && !ALWAYS_COLUMNS.has(name)) return undefined;
    const presence = new Uint8Array(samples.length);
    const column = { name, presence, numbers: new Float64Array(samples.length), count: 0 };
    open.set(name, column);
    return column;
  };

  const extras: (Extras | null)[] = [];
  samples.forEach((sample, row) => {
    let extra: Extras | null = null;
    for (const name of Object.keys(sample)) {
      const value = sample[name];
      const column = typeof value === "number" || value === null ? columnFor(name) : undefined;
      if (column === undefined) {
        extra ??= {};
        setOwn(extra, name, value);
      } else if (typeof value === "number") {
        column.presence[row] = PRESENCE.number;
        column.numbers[column.count++] = value;
      } else {
        column.presence[row] = PRESENCE.null;
      }
    }
    extras.push(extra);
  });

  const columns = [...open.values()].map(({ name, presence, numbers, count }) => {
    return { name, presence, numbers: numbers.subarray(0, count) };
  });
  return { length: samples.length, columns, extras: extras.some((extra) => extra !== null) ? extras : null };
}

/** The inverse of `tableOf`, so many samples at a time. Throws if a sample comes out without its timestamp. */
export function* samplesOf({ length, columns, extras }: Table, atOnce: number): Generator<Sample[]> {
  const readers = columns.map((column) => ({ ...column, next: 0 }));
  for (let from = 0; from < length; from += atOnce) {
    const samples: Sample[] = [];
    for (let row = from; row < Math.min(from + atOnce, length); row++) {
      const sample: Record<string, unknown> = {};
      for (const reader of readers) {
        const presence = reader.presence[row];
        if (presence === PRESENCE.number) setOwn(sample, reader.name, reader.numbers[reader.next++]);
        else if (presence === PRESENCE.null) setOwn(sample, reader.name, null);
      }
      const extra = extras?.[row];
      if (extra) for (const name of Object.keys(extra)) setOwn(sample, name, extra[name]);
      if (!hasTimestamp(sample)) throw new Error("a sample lacks its timestamp");
      samples.push(sample);
    }
    yield samples;
  }
}

function hasTimestamp(fields: Record<string, unknown>): fields is Sample {
  return typeof fields.timestamp === "number";
}
