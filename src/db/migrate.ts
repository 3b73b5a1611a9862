import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { migrate } from "drizzle-orm/libsql/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type LocalFile from "libsql";
import type { Logger } from "../logger.ts";
import type { Database } from "./database.ts";
import { forOperator, mayPass } from "./errors.ts";

/** In a compiled binary the folder is embedded beside the program; in a checkout it is at the top level. */
const migrationsFolder = [join(import.meta.dir, "drizzle"), join(import.meta.dir, "../../drizzle")].find(
  existsSync,
);

export class DatabaseTooNewError extends Error {
  override readonly name = "DatabaseTooNewError";

  constructor() {
    super(
      "The database was written by a newer version of this program. Start that version, or restore a backup made by this one.",
    );
  }
}

/** How long to wait for a remote database to be there, and for another instance that is at it; in ms. */
const LONGEST_AWAY_MS = 30_000;
const LONGEST_WAIT_MS = 60_000;
/** How long between two looks, in ms. */
const LOOK_EVERY_MS = 250;

/**
 * Brings the database to this program's schema. Of instances that start together one does it, while the others wait:
 * the statements are one transaction, so that whoever comes second undoes nothing and finds it done.
 * A remote database that is not there yet is waited for, which is told once.
 * @throws DatabaseTooNewError when a later version of the program has migrated it already.
 */
export async function migrateDatabase(database: Database, log?: Pick<Logger, "warn">): Promise<void> {
  const began = performance.now();
  let longest = LONGEST_AWAY_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      if (await isMigrated(database)) return;
      longest = LONGEST_WAIT_MS;
      await migrate(database, { migrationsFolder: folder() });
    } catch (error) {
      // It may be that another instance was first.
      if (!mayPass(error) && (await isMigrated(database))) return;
      if (!mayPass(error) || performance.now() - began > longest) throw error;
      if (attempt === 0) log?.warn({ err: forOperator(error) }, "waiting for the database");
      await Bun.sleep(LOOK_EVERY_MS);
    }
  }
}

/**
 * Whether the database has this program's schema.
 * @throws DatabaseTooNewError when it has that of a later version.
 */
export async function isMigrated(database: Database): Promise<boolean> {
  const latest = latestMigration();
  const applied = await lastApplied(database);
  if (applied > latest) throw new DatabaseTooNewError();
  return applied === latest;
}

export type Migration = {
  /** As its file is called; null of one that a newer version has brought. */
  name: string | null;
  /** When it was written. */
  madeAt: Date;
  state: "applied" | "pending" | "newer";
};

/** The migrations of this program and those that the database has beyond them, oldest first. */
export async function listMigrations(database: Database): Promise<Migration[]> {
  const applied = await lastApplied(database);
  const known = listKnownMigrations().map(
    ({ name, madeAt }): Migration => ({
      name,
      madeAt,
      state: madeAt.getTime() <= applied ? "applied" : "pending",
    }),
  );
  const latest = known.at(-1)?.madeAt.getTime() ?? 0;
  if (applied <= latest) return known;
  const newer = await database.all<{ madeAt: number }>(
    sql`SELECT created_at AS madeAt FROM __drizzle_migrations WHERE created_at > ${latest} ORDER BY created_at`,
  );
  return [
    ...known,
    ...newer.map(
      ({ madeAt }): Migration => ({ name: null, madeAt: new Date(Number(madeAt)), state: "newer" }),
    ),
  ];
}

/** All that a new database lacks. */
export function listKnownMigrations(): Migration[] {
  const journal = JSON.parse(readFileSync(join(folder(), "meta/_journal.json"), "utf8")) as {
    entries: { tag: string; when: number }[];
  };
  return journal.entries.map(({ tag, when }) => ({ name: tag, madeAt: new Date(when), state: "pending" }));
}

/** Of a database with this program's schema: the last migration that was applied. */
export function latestMigration(): number {
  return Math.max(...readMigrations().map(({ folderMillis }) => folderMillis));
}

/** Runs the migrations after one and through another on a file that nobody else uses, and notes them as drizzle does. */
export function applyMigrations(
  file: LocalFile.Database,
  { after, through }: { after: number; through: number },
): void {
  file.exec(
    "CREATE TABLE IF NOT EXISTS __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)",
  );
  for (const { sql, hash, folderMillis } of readMigrations()) {
    if (folderMillis <= after || folderMillis > through) continue;
    for (const statement of sql) file.exec(statement);
    file
      .prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)")
      .run([hash, folderMillis]);
  }
}

/** The migrations of this program, oldest first; `folderMillis` is what tells them apart, epoch ms. */
export function readMigrations() {
  return readMigrationFiles({ migrationsFolder: folder() });
}

function folder(): string {
  if (!migrationsFolder) throw new Error("The folder of migrations is missing from this installation.");
  return migrationsFolder;
}

async function lastApplied(database: Database): Promise<number> {
  const tables = await database.all(sql`SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'`);
  if (tables.length === 0) return 0;
  const [row] = await database.all<{ last: number | null }>(
    sql`SELECT max(created_at) AS last FROM __drizzle_migrations`,
  );
  return Number(row?.last ?? 0);
}
