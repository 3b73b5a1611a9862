import type Database from "libsql";
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
  const database = openReadOnly(path);
  try {
    return quick
      ? structuralProblems(database, "quick_check")
      : [...structuralProblems(database, "integrity_check"), ...foreignKeyProblems(database)];
  } catch (error) {
    if (isDamage(error)) return [error.message];
    throw error;
  } finally {
    database.close();
  }
}

/** In SQLite's words. */
function structuralProblems(database: Database.Database, check: "quick_check" | "integrity_check"): string[] {
  const rows = rowsOf<Record<string, string>>(database, `PRAGMA ${check}(${MOST_PROBLEMS})`);
  // A row may hold many lines, the first of them only a heading.
  const lines = rows.flatMap((row) => Object.values(row).join("\n").split("\n"));
  return lines.filter((line) => line !== "ok" && !line.startsWith("***")).slice(0, MOST_PROBLEMS);
}

function foreignKeyProblems(database: Database.Database): string[] {
  const broken = rowsOf<{ table: string; parent: string; rows: number }>(
    database,
    `SELECT "table", parent, count(*) AS rows FROM pragma_foreign_key_check GROUP BY "table", parent`,
  );
  return broken.map(({ table, parent, rows }) => `${table}: ${rows} rows refer to no row of ${parent}`);
}
