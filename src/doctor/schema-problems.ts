import Database from "libsql";
import type { LocalFile } from "../db/local-files.ts";
import { applyMigrations } from "../db/migrate.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";
import { SCHEMA } from "../streams/embedded-sql.ts";

/**
 * The tables and indexes that a file of its schema has and this one does not: a damaged name keeps a file sound, and what
 * bore it from being found.
 */
export function schemaProblems({ kind, path }: LocalFile): string[] {
  const database = openReadOnly(path);
  const expected = new Database(":memory:");
  try {
    const names = namesIn(database);
    // As a start leaves it that was ended before it had made anything.
    if (names.size === 0) return [];
    if (kind === "buffer") for (const { sql } of SCHEMA) expected.exec(sql);
    else applyMigrations(expected, { after: 0, through: lastMigration(database) });
    return [...namesIn(expected)].filter((name) => !names.has(name)).map((name) => `${name} is missing`);
  } finally {
    database.close();
    expected.close();
  }
}

/** When the last migration of a database was made, epoch ms; 0 of one that has had none. */
export function lastMigration(database: Database.Database): number {
  if (!namesIn(database).has("__drizzle_migrations")) return 0;
  const [row] = rowsOf<{ last: number | null }>(
    database,
    "SELECT max(created_at) AS last FROM __drizzle_migrations",
  );
  return Number(row?.last ?? 0);
}

function namesIn(database: Database.Database): Set<string> {
  return new Set(
    rowsOf<{ name: string }>(database, "SELECT name FROM sqlite_schema").map(({ name }) => name),
  );
}
