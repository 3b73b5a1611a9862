import Database from "libsql";
import type { LocalFile } from "../db/local-files.ts";
import { applyMigrations, latestMigration } from "../db/migrate.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";
import { SCHEMA } from "../streams/embedded-sql.ts";

/** Tables that ANALYZE makes, and one that buffers of the first versions get at the next start. */
const OPTIONAL = new Set(["table sqlite_stat1", "table sqlite_stat4", "table deleted_stream"]);

/**
 * How the schema of a file differs from what this program's migrations, up to the file's own last one, make; in words. A
 * damaged name keeps a file sound, and what bore it from being found; a trigger or a view that is not ours may do
 * anything. Of a replica, only what is missing: what else is there is its primary's affair.
 */
export function schemaProblems({ kind, path }: LocalFile): string[] {
  const database = openReadOnly(path);
  try {
    const found = objectsIn(database);
    // As a start leaves it that was ended before it had made anything.
    if (found.size === 0) return [];
    const last = lastMigration(database);
    // Of a later version nothing is known here.
    if (last > latestMigration()) return [];
    const expected = expectedObjects(kind, last);
    const problems: string[] = [];
    for (const [name, sql] of expected) {
      const own = found.get(name);
      if (own === undefined && !OPTIONAL.has(name)) problems.push(`${name} is missing`);
      else if (own !== undefined && own !== sql) problems.push(`${name} is not as this program makes it`);
    }
    if (kind === "replica") return problems;
    const foreign = [...found.keys()].filter((name) => !expected.has(name));
    return [...problems, ...foreign.map((name) => `${name} is not of this program`)];
  } finally {
    database.close();
  }
}

/** When the last migration of a database was made, epoch ms; 0 of one that has had none. */
export function lastMigration(database: Database.Database): number {
  if (!objectsIn(database).has("table __drizzle_migrations")) return 0;
  const [row] = rowsOf<{ last: number | null }>(
    database,
    "SELECT max(created_at) AS last FROM __drizzle_migrations",
  );
  return Number(row?.last ?? 0);
}

function expectedObjects(kind: LocalFile["kind"], through: number): Map<string, string> {
  const model = new Database(":memory:");
  try {
    if (kind === "buffer") for (const { sql } of SCHEMA) model.exec(sql);
    else applyMigrations(model, { after: 0, through });
    // Made by SQLite, so that they cannot be asked for by name.
    model.exec("ANALYZE");
    return objectsIn(model);
  } finally {
    model.close();
  }
}

/**
 * What makes each object, by its type and name: its SQL without what is of no meaning, and its table. Indexes without SQL
 * are those of constraints.
 */
function objectsIn(database: Database.Database): Map<string, string> {
  const rows = rowsOf<{ type: string; name: string; table: string; sql: string }>(
    database,
    "SELECT type, name, tbl_name AS 'table', sql FROM sqlite_schema WHERE sql IS NOT NULL",
  );
  return new Map(
    rows.map(({ type, name, table, sql }) => [`${type} ${name}`, `${table}: ${normalized(sql)}`]),
  );
}

/** Without quotes around names, and with a space wherever there is one or could be. */
function normalized(sql: string): string {
  return sql
    .replace(/["`[\]]/g, "")
    .split(/\s+|([(),=<>])/)
    .filter(Boolean)
    .join(" ");
}
