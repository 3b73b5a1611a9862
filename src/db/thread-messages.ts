import { type InArgs, LibsqlError, type ResultSet, type Row, type Value } from "@libsql/client/sqlite3";
import type { PackedError } from "../thread.ts";
import { toError } from "./errors.ts";

/* What crosses between the thread that writes the database and the one that serves, and how it is put for that. */

export type ThreadStatement = { sql: string; args: InArgs };

/** Rows as plain arrays: objects would lose what is read by its index, since that is not enumerable. */
export type PackedResult = Omit<ResultSet, "rows" | "toJSON"> & { rows: Value[][] };

export function packResult({
  columns,
  columnTypes,
  rows,
  rowsAffected,
  lastInsertRowid,
}: ResultSet): PackedResult {
  const values = rows.map((row) => Array.from<Value>(row));
  return { columns, columnTypes, rows: values, rowsAffected, lastInsertRowid };
}

/** The blobs in what a call results in, if that is rows, which are handed over rather than copied. */
export function blobsOf(result: unknown): ArrayBuffer[] {
  const results = (Array.isArray(result) ? result : [result ?? { rows: [] }]) as PackedResult[];
  return results.flatMap(({ rows }) => rows.flat().filter((value) => value instanceof ArrayBuffer));
}

export function unpackResult(packed: PackedResult): ResultSet {
  const rows = packed.rows.map((values) => rowOf(values, packed.columns));
  return { ...packed, rows, toJSON: () => packed };
}

/** As the client makes it: by index, and by name, which alone is enumerable; of columns with one name the first. */
function rowOf(values: Value[], columns: readonly string[]): Row {
  const row: Record<string, Value> = {};
  for (const [index, name] of columns.entries()) {
    if (!Object.hasOwn(row, name)) row[name] = values[index] ?? null;
  }
  Object.defineProperty(row, "length", { value: values.length });
  for (const [index, value] of values.entries()) Object.defineProperty(row, index, { value });
  return row as Row;
}

/** Without a code where it is none of the database. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof LibsqlError)) return { message: toError(error).message };
  const { code, extendedCode, rawCode } = error;
  // It puts the code ahead of the words, and will again.
  return { message: error.message.replace(`${code}: `, ""), code, extendedCode, rawCode };
}

export function unpackError({ message, code, extendedCode, rawCode }: PackedError): Error {
  if (typeof code !== "string") return new Error(message);
  return new LibsqlError(message, code, extendedCode as string | undefined, rawCode as number | undefined);
}
