import { isUtf8 } from "node:buffer";
import type Database from "libsql";
import { fileSize } from "../file-system.ts";
import { isDamage } from "./errors.ts";
import { openReadOnly, rowsOf } from "./read-only.ts";

/** So many problems of a kind are told: one damaged page can cause thousands. */
const MOST_PROBLEMS = 10;

/**
 * What is wrong with a local database file, in words; empty when it is sound. Reads the whole file, and keeps the
 * thread busy for as long. `quick` leaves out whether indexes agree with tables, and foreign keys.
 * @throws Error when it cannot be told: the file is not there, may not be read, or is locked.
 */
export function checkIntegrity(path: string, { quick = false } = {}): string[] {
  let database: Database.Database | undefined;
  try {
    database = openReadOnly(path);
    if (isForReadingOnly(database)) return ["The header is of a format that can only be read"];
    const structural = structuralProblems(database, quick ? "quick_check" : "integrity_check");
    if (structural.length > 0) return structural;
    const texts = textProblems(database);
    return texts.length > 0 || quick ? texts : foreignKeyProblems(database);
  } catch (error) {
    if (isDamage(error) || isReadFailure(error)) return [error.message];
    throw error;
  } finally {
    database?.close();
  }
}

/**
 * The same of what can be told by looking at a few pages, however large the file is: the header, whether the file has the
 * length that it tells, the schema, and whether each table and index can be entered.
 * @throws Error as above.
 */
export function checkOutside(path: string): string[] {
  let database: Database.Database | undefined;
  try {
    database = openReadOnly(path);
    if (isForReadingOnly(database)) return ["The header is of a format that can only be read"];
    if (isTruncated(database, path)) return ["The file is shorter than its header tells"];
    if (!isAllUtf8(database, SCHEMA_TEXTS)) return ["The schema has text that is not UTF-8"];
    return rowsOf<{ name: string }>(database, CLOSED).map(
      ({ name }) => `The first page of ${name} is none of its kind`,
    );
  } catch (error) {
    if (isDamage(error) || isReadFailure(error)) return [error.message];
    throw error;
  } finally {
    database?.close();
  }
}

/** Tables and indexes whose first page begins as no page of a tree does. */
const CLOSED = `
  SELECT name FROM sqlite_schema LEFT JOIN sqlite_dbpage ON pgno = rootpage
  WHERE rootpage > 0 AND coalesce(hex(substr(data, 1, 1)), '') NOT IN ('02', '05', '0A', '0D')`;

/** What is not yet folded in may be longer: then the log has the rest. */
function isTruncated(database: Database.Database, path: string): boolean {
  if (fileSize(`${path}-wal`) > 0) return false;
  const [row] = rowsOf<{ bytes: number }>(
    database,
    "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
  );
  return fileSize(path) < (row?.bytes ?? 0);
}

/**
 * Whether a byte of the header has SQLite read the file and never write it; nothing else in SQLite minds. It is read
 * through SQLite, since to open and close the file beside it would let its locks on it go.
 */
function isForReadingOnly(database: Database.Database): boolean {
  const [header] = rowsOf<{ version: string }>(
    database,
    "SELECT hex(substr(data, 19, 1)) AS version FROM sqlite_dbpage WHERE pgno = 1",
  );
  return header !== undefined && Number.parseInt(header.version, 16) > LATEST_WRITE_VERSION;
}

/** 1 is for a rollback journal, 2 for a write-ahead log. */
const LATEST_WRITE_VERSION = 2;

/** In SQLite's words. */
function structuralProblems(database: Database.Database, check: "quick_check" | "integrity_check"): string[] {
  const rows = rowsOf<Record<string, string>>(database, `PRAGMA ${check}(${MOST_PROBLEMS})`);
  // A row may hold many lines, the first of them only a heading.
  const lines = rows.flatMap((row) => Object.values(row).join("\n").split("\n"));
  return lines.filter((line) => line !== "ok" && !line.startsWith("***")).slice(0, MOST_PROBLEMS);
}

const SCHEMA_TEXTS =
  "SELECT CAST(concat_ws(' ', type, name, tbl_name, sql) AS BLOB) AS bytes FROM sqlite_schema";

/**
 * Where text is not UTF-8. SQLite takes any bytes for text, and no check of its own looks at them; the driver ends the
 * whole process when it comes upon such a text. So all of it is read as bytes here.
 */
function textProblems(database: Database.Database): string[] {
  if (!isAllUtf8(database, SCHEMA_TEXTS)) return ["The schema has text that is not UTF-8"];
  return textColumns(database)
    .filter(({ table, columns }) => {
      const names = columns.map((name) => `"${name}"`);
      return !isAllUtf8(
        database,
        `SELECT CAST(concat_ws(char(10), NULL, ${names}) AS BLOB) AS bytes FROM "${table}"`,
      );
    })
    .map(({ table }) => `${table}: text that is not UTF-8`);
}

function textColumns(database: Database.Database): { table: string; columns: string[] }[] {
  const tables = rowsOf<{ name: string; columns: string }>(
    database,
    `SELECT tables.name, json_group_array(columns.name) AS columns
     FROM pragma_table_list AS tables JOIN pragma_table_info(tables.name) AS columns ON columns.type = 'TEXT'
     WHERE tables.schema = 'main' AND tables.type = 'table' GROUP BY tables.name`,
  );
  return tables.map(({ name, columns }) => ({ table: name, columns: JSON.parse(columns) as string[] }));
}

function isAllUtf8(database: Database.Database, query: string): boolean {
  for (const row of database.prepare(query).iterate()) {
    if (!isUtf8((row as { bytes: Buffer }).bytes)) return false;
  }
  return true;
}

function foreignKeyProblems(database: Database.Database): string[] {
  const broken = rowsOf<{ table: string; parent: string; rows: number }>(
    database,
    `SELECT "table", parent, count(*) AS rows FROM pragma_foreign_key_check GROUP BY "table", parent`,
  );
  return broken.map(({ table, parent, rows }) => `${table}: ${rows} rows refer to no row of ${parent}`);
}

/** Of the disk, under a file that may be sound or not. */
function isReadFailure(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^SQLITE_IOERR/.test(String(error.code));
}
