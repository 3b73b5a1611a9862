import type Database from "libsql";
import type { Row } from "./layout.ts";
import type { Value } from "./record.ts";

/**
 * Puts rows into tables. Says whether a row went in: one whose key is there does not, nor one that breaks a constraint
 * even without one of its values.
 */
export function createRowWriter(database: Database.Database) {
  const prepared = new Map<string, Database.Statement>();

  function prepare(table: string, columns: string[]): Database.Statement {
    const key = `${table} ${columns}`;
    const names = columns.map((name) => `"${name}"`).join();
    const places = columns.map(() => "?").join();
    const sql = `INSERT OR IGNORE INTO "${table}" (${names}) VALUES (${places})`;
    const statement = prepared.get(key) ?? database.prepare(sql);
    prepared.set(key, statement);
    return statement;
  }

  function insert(table: string, row: [string, Value][]): boolean {
    const statement = prepare(
      table,
      row.map(([column]) => column),
    );
    return statement.run(row.map(([, value]) => bound(value))).changes > 0;
  }

  return (table: string, row: Row): boolean => {
    const values = [...row];
    // Such as a summary that is no JSON any more: the ride is worth more than that.
    const reduced = values.keys().map((omitted) => values.toSpliced(omitted, 1));
    return insert(table, values) || reduced.some((rest) => insert(table, rest));
  };
}

const decoder = new TextDecoder();

/**
 * Whole numbers are bound as reals: the tables are STRICT, and make integers of them again. Replacement characters stand
 * for what is not UTF-8 any more, at which the driver ends the whole process, and for NUL, at which it ends a text.
 */
function bound(value: Value): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return typeof value === "object" && value !== null
    ? decoder.decode(value.text).replaceAll("\0", "\ufffd")
    : value;
}
