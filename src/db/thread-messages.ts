import {
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Row,
  type TransactionMode,
  type Value,
} from "@libsql/client/sqlite3";

/* What crosses between the thread that writes the database and the one that serves, and how it is put for that. */

export type ThreadRequest =
  | { kind: "open"; path: string }
  /** These are of the transaction, where one has begun. */
  | { kind: "execute"; statement: ThreadStatement }
  | { kind: "batch"; statements: ThreadStatement[]; mode: TransactionMode }
  | { kind: "executeMultiple"; sql: string }
  | { kind: "migrate"; statements: InStatement[] }
  | { kind: "begin"; mode: TransactionMode }
  | { kind: "commit" }
  /** Also where none has begun. */
  | { kind: "rollback" }
  | { kind: "reconnect" }
  | { kind: "close" };

export type ThreadStatement = { sql: string; args: InArgs };

export type ThreadReply = { results: PackedResult[] } | { error: PackedError };

/** Rows as plain arrays: objects would lose what is read by its index, since that is not enumerable. */
export type PackedResult = Omit<ResultSet, "rows" | "toJSON"> & { rows: Value[][] };

type PackedError = {
  message: string;
  /** Undefined where it is none of the database. */
  code?: string | undefined;
  extendedCode?: string | undefined;
  rawCode?: number | undefined;
};

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

/** The blobs in results, which are handed over rather than copied. */
export function blobsOf(results: readonly PackedResult[]): ArrayBuffer[] {
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

export function packError(error: unknown): PackedError {
  if (!(error instanceof LibsqlError))
    return { message: error instanceof Error ? error.message : String(error) };
  const { code, extendedCode, rawCode } = error;
  // It puts the code ahead of the words, and will again.
  return { message: error.message.replace(`${code}: `, ""), code, extendedCode, rawCode };
}

export function unpackError({ message, code, extendedCode, rawCode }: PackedError): Error {
  return code === undefined ? new Error(message) : new LibsqlError(message, code, extendedCode, rawCode);
}
