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

/** One column of a table of samples: its name, and what a sample has there (null where it has nothing). */
type TableColumn = { name: string; valueIn: (sample: Sample) => unknown };

/**
 * One array per field, each as long as `samples`, null where a sample lacks the field; timestamp first.
 * A 56th field that is not a well-known one, and all after it, go into a column `extras` of objects.
 */
export function toColumns(samples: readonly Sample[]): Record<string, unknown[]> {
  return Object.fromEntries(columnsOf(samples).map(({ name, valueIn }) => [name, samples.map(valueIn)]));
}

/**
 * RFC 4180 with a header row and the columns of `toColumns`; null is empty, objects and arrays are JSON text.
 * Text that a spreadsheet would take for a formula gets a single quote in front (OWASP, "CSV Injection").
 */
export function toCsv(samples: readonly Sample[]): string {
  const columns = columnsOf(samples);
  const lines = samples.map((sample) => columns.map(({ valueIn }) => csvCell(valueIn(sample))).join(","));
  return `${[columns.map(({ name }) => csvCell(name)).join(","), ...lines].join("\r\n")}\r\n`;
}

/** One JSON object a line, each line ended by a newline. */
export function toNdjson(samples: readonly Sample[]): string {
  return samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
}

function columnsOf(samples: readonly Sample[]): TableColumn[] {
  const present = new Set<string>();
  const others = new Set<string>();
  for (const sample of samples) {
    for (const name of Object.keys(sample)) {
      if (name === "timestamp" || LEADING_FIELDS.includes(name)) present.add(name);
      else if (others.size <= MAX_OTHER_FIELDS) others.add(name);
    }
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
  const text = typeof value === "string" ? value.replace(/^[=+\-@\t\r\n]/, "'$&") : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
