import type { SampleRecording } from "./recording.ts";
import type { Sample } from "./sample.ts";

/** These come first, in this order, where a ride has them; other fields follow in order of appearance. */
const LEADING_FIELDS = [
  "power",
  "cadence",
  "heartrate",
  "speed",
  "distance",
  "altitude",
  "incline",
  "temperature",
];

/** Bounds the table that a ride whose every sample brings new field names would make. */
const MAX_OTHER_FIELDS = 55;

/** The column that gathers, as one object a sample, the fields beyond that bound. */
const OVERFLOW_FIELD = "extras";

/** About so many characters of columns wait at most while the first one is written. */
const MOST_WAITING = 8_000_000;

/** One column of a table of samples: its name, and what a sample has there (null where it has nothing). */
type TableColumn = { name: string; valueIn: (sample: Sample) => unknown };

/** A text bit by bit: that of a long ride is never there at once. */
export type TextPieces = AsyncGenerator<string, void, void>;

type Samples = Pick<SampleRecording, "samples">;

export const telemetryFormats = ["json", "columns", "csv", "ndjson"] as const;
export type TelemetryFormat = (typeof telemetryFormats)[number];

const WRITERS = { json: toJson, columns: toColumns, csv: toCsv, ndjson: toNdjson };

export function writeText(recording: Samples, format: TelemetryFormat): TextPieces {
  return WRITERS[format](recording);
}

/** The samples as one JSON array. */
export async function* toJson(recording: Samples): TextPieces {
  let separator = "[";
  for await (const samples of recording.samples()) {
    yield separator + samples.map((sample) => JSON.stringify(sample)).join(",");
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}

/**
 * One array per field, each as long as there are samples, null where one lacks the field; timestamp first.
 * A 56th field that is not a well-known one, and all after it, go into a column `extras` of objects.
 */
export async function* toColumns(recording: Samples): TextPieces {
  const columns = await columnsOf(recording);
  yield "{";
  for (let written = 0; written < columns.length; ) {
    if (written > 0) yield ",";
    written += yield* columnTexts(recording, columns.slice(written));
  }
  yield "}";
}

/**
 * Columns one after another from one look at the samples: the first is written while the others wait, as many of them
 * as there is room for. Returns how many there were.
 */
async function* columnTexts(
  recording: Samples,
  columns: readonly TableColumn[],
): AsyncGenerator<string, number, void> {
  const waiting = columns.map(({ name, valueIn }) => ({ valueIn, texts: [`${JSON.stringify(name)}:[`] }));
  let characters = 0;
  let separator = "";
  for await (const samples of recording.samples()) {
    for (const { texts, valueIn } of waiting) {
      const text = separator + samples.map((sample) => JSON.stringify(valueIn(sample))).join(",");
      characters += text.length;
      texts.push(text);
    }
    const first = waiting[0]?.texts.splice(0).join("") ?? "";
    characters -= first.length;
    yield first;
    while (characters > MOST_WAITING && waiting.length > 1) {
      for (const { length } of waiting.pop()?.texts ?? []) characters -= length;
    }
    separator = ",";
  }
  for (const [index, { texts }] of waiting.entries()) {
    if (index > 0) yield ",";
    yield* texts;
    yield "]";
  }
  return waiting.length;
}

/**
 * RFC 4180 with a header row and the columns of `toColumns`; null is empty, objects and arrays are JSON text.
 * What a spreadsheet would take for a formula gets a single quote in front (OWASP, "CSV Injection").
 */
export async function* toCsv(recording: Samples): TextPieces {
  const columns = await columnsOf(recording);
  yield `${columns.map(({ name }) => csvCell(name)).join(",")}\r\n`;
  for await (const samples of recording.samples()) {
    yield samples
      .map((sample) => `${columns.map(({ valueIn }) => csvCell(valueIn(sample))).join(",")}\r\n`)
      .join("");
  }
}

/** One JSON object a line, each line ended by a newline. */
export async function* toNdjson(recording: Samples): TextPieces {
  for await (const samples of recording.samples()) {
    yield samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
  }
}

async function columnsOf(recording: Samples): Promise<TableColumn[]> {
  const present = new Set<string>();
  const others = new Set<string>();
  const note = (name: string) => {
    if (name === "timestamp" || LEADING_FIELDS.includes(name)) present.add(name);
    else if (others.size <= MAX_OTHER_FIELDS) others.add(name);
  };
  for await (const samples of recording.samples()) {
    for (const sample of samples) for (const name of Object.keys(sample)) note(name);
  }
  const leading = ["timestamp", ...LEADING_FIELDS.filter((name) => present.has(name))];
  if (others.size <= MAX_OTHER_FIELDS) return [...leading, ...others].map(fieldColumn);

  // A field that has the name of the overflow column goes into it like the rest.
  const kept = [...others].slice(0, MAX_OTHER_FIELDS).filter((name) => name !== OVERFLOW_FIELD);
  const names = [...leading, ...kept];
  return [...names.map(fieldColumn), overflowColumn(new Set(names))];
}

function fieldColumn(name: string): TableColumn {
  // A plain read of a field named `constructor` would find the inherited one.
  return { name, valueIn: (sample) => (Object.hasOwn(sample, name) ? sample[name] : null) };
}

function overflowColumn(shown: ReadonlySet<string>): TableColumn {
  const valueIn = (sample: Sample) => {
    const rest = Object.entries(sample).filter(([name]) => !shown.has(name));
    return rest.length === 0 ? null : Object.fromEntries(rest);
  };
  return { name: OVERFLOW_FIELD, valueIn };
}

function csvCell(value: unknown): string {
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = defused(typeof value === "string" ? value : JSON.stringify(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The signs that begin a formula, in full width too, where a cell begins: at the start, and behind what spreadsheets of
 * other languages take for the end of a cell, whether or not there are quotes around.
 */
const FORMULA = /(^|[;|\t\r\n])(?=(?:[^\S\t\r\n]|["'])*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

function defused(text: string): string {
  return text.replace(FORMULA, "$1'").replace(/^[\t\r\n\0]/, "'$&");
}
