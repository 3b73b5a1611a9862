import type Database from "libsql";
import { rowsOf } from "../db/read-only.ts";
import type { Entry, Storage } from "./b-tree.ts";
import type { Cut, Value } from "./record.ts";

export type Column = {
  name: string;
  type: "INTEGER" | "REAL" | "TEXT" | "BLOB";
  isNullable: boolean;
  hasDefault: boolean;
  /** Stored as the rowid, and as null in its place. */
  isRowid: boolean;
};

/** What the entries of one b-tree hold: the rows of a table or the entries of one of its indexes. */
export type Layout = {
  tree: string;
  table: string;
  storage: Storage;
  /** In the order of the record. Also a rowid, and what an index works out from columns. */
  fields: (Column | "rowid" | "expression")[];
  isIndex: boolean;
  /** Whether an entry has all that a row has. */
  isWhole: boolean;
};

/** A row by the names of its columns, or what an index knows of it; what one works out is by the index's name. */
export type Row = Map<string, Value>;

/** A table that is known without asking a database for it. */
export function layoutOfTable(table: string, columns: Record<string, Column["type"]>): Layout {
  const fields = Object.entries(columns).map(([name, type]): Column => {
    return { name, type, isNullable: true, hasDefault: false, isRowid: false };
  });
  return { tree: table, table, storage: "table", fields, isIndex: false, isWhole: true };
}

/** The layouts of all tables and indexes of a database, tables first. */
export function readLayouts(database: Database.Database): Layout[] {
  const tables = rowsOf<{ name: string; wr: number }>(
    database,
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 1",
  );
  const indexes: Layout[] = [];
  const layouts = tables.map(({ name: table, wr }): Layout => {
    const columns = readColumns(database, table, wr === 1);
    let fields: Layout["fields"] = columns;
    for (const { name, origin } of readIndexes(database, table)) {
      const indexed = readIndexFields(database, name, columns);
      // A table WITHOUT ROWID is the index of its primary key.
      if (wr === 1 && origin === "pk") fields = indexed;
      else {
        const isWhole = columns.every((column) => indexed.includes(column));
        indexes.push({ tree: name, table, storage: "index", fields: indexed, isIndex: true, isWhole });
      }
    }
    const storage = wr === 1 ? "index" : "table";
    return { tree: table, table, storage, fields, isIndex: false, isWhole: true };
  });
  return [...layouts, ...indexes];
}

function readColumns(database: Database.Database, table: string, isWithoutRowid: boolean): Column[] {
  const columns = rowsOf<{
    name: string;
    type: Column["type"];
    notnull: number;
    dflt_value: string | null;
    pk: number;
  }>(database, "SELECT * FROM pragma_table_info(?)", table);
  return columns.map(({ name, type, notnull, dflt_value, pk }) => ({
    name,
    type,
    isNullable: notnull === 0,
    hasDefault: dflt_value !== null,
    isRowid: !isWithoutRowid && pk === 1 && type === "INTEGER",
  }));
}

function readIndexes(database: Database.Database, table: string) {
  return rowsOf<{ name: string; origin: string }>(
    database,
    "SELECT name, origin FROM pragma_index_list(?)",
    table,
  );
}

function readIndexFields(database: Database.Database, index: string, columns: Column[]): Layout["fields"] {
  const fields = rowsOf<{ cid: number }>(database, "SELECT cid FROM pragma_index_xinfo(?)", index);
  return fields.map(({ cid }) => (cid === -1 ? "rowid" : (columns[cid] ?? "expression")));
}

/**
 * An entry as a row, if it can be one by its layout; else undefined. What cannot be read is left out where the table
 * can do without, and so is what records from before a column was added end short of. Where it `isCertain` whose entry it
 * is, a number will do for text and values may be left over, as for SQLite: it is types that are damaged.
 */
export function rowOf(layout: Layout, { rowid, values }: Entry, isCertain = false): Row | undefined {
  if (values.length > layout.fields.length && !isCertain) return undefined;
  const row: Row = new Map();
  for (const [position, field] of layout.fields.entries()) {
    const stored = typeof field === "object" && field.isRowid ? rowid : values[position];
    const value = isCut(stored) ? ofField(field, stored) : stored;
    if (!isPossible(field, value) && !(isCertain && isText(field) && isNumber(value))) return undefined;
    if (field === "rowid" || value === undefined) continue;
    if (field === "expression") row.set(layout.tree, value);
    else if (value !== null || field.isNullable) row.set(field.name, value);
  }
  return row;
}

/** The rowid of a row, or of the one that an index entry stands for. */
export function rowidOf({ fields }: Layout, { rowid, values }: Entry): Value | undefined {
  const value = rowid ?? values[fields.indexOf("rowid")];
  return isCut(value) ? undefined : value;
}

function isCut(value: Entry["values"][number]): value is Cut {
  return typeof value === "object" && value !== null && "cut" in value;
}

/** What there is of a value, unless it is of a type that the field is not of: then there may have been none. */
function ofField(field: Layout["fields"][number], { cut }: Cut): Value | undefined {
  return typeof field === "object" && isOfType(field.type, cut) ? cut : undefined;
}

function isPossible(field: Layout["fields"][number], value: Value | undefined): boolean {
  if (field === "expression") return value !== undefined;
  if (field === "rowid") return isInteger(value);
  if (value === undefined || value === null) return field.isNullable || field.hasDefault;
  return isOfType(field.type, value);
}

function isOfType(type: Column["type"], value: Exclude<Value, null>): boolean {
  switch (type) {
    case "INTEGER":
      return isInteger(value);
    case "REAL":
      return isNumber(value);
    case "TEXT":
      return typeof value === "object" && "text" in value;
    case "BLOB":
      return value instanceof Uint8Array;
  }
}

/** A text of a row; empty when there is none. */
export function textOf(row: Row, column: string): string {
  const value = row.get(column);
  return typeof value === "object" && value !== null && "text" in value
    ? Buffer.from(value.text).toString()
    : "";
}

function isText(field: Layout["fields"][number]): boolean {
  return typeof field === "object" && field.type === "TEXT";
}

function isNumber(value: unknown): boolean {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value));
}

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}
