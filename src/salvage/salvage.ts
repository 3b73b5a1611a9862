import { closeSync, fsyncSync, openSync } from "node:fs";
import Database from "libsql";
import { applyMigrations, latestMigration } from "../db/migrate.ts";
import { SCHEMA } from "../streams/embedded-sql.ts";
import { amendBuffer } from "./amend-buffer.ts";
import { amendDatabase } from "./amend-database.ts";
import { migrationLevel } from "./migration-level.ts";
import { salvageRows, type TableSalvage } from "./rows.ts";

/** Not taken from where they may have been deleted: they let people in. */
const CREDENTIALS = ["api_keys", "refresh_tokens"];

/**
 * Salvages a damaged database into a new file of this program's schema that can be served.
 * @throws DatabaseTooNewError, or Error when the disk is full.
 */
export function salvageDatabase(path: string, target: string, now: number): Map<string, TableSalvage> {
  const level = migrationLevel(path);
  return building(target, (database) => {
    applyMigrations(database, { after: 0, through: level });
    const tables = salvageRows(path, database, CREDENTIALS);
    applyMigrations(database, { after: level, through: latestMigration() });
    amendDatabase(database, tables, now);
    return tables;
  });
}

/** The same for a stream buffer; `owner` gets the streams of which nobody knows whose they are. */
export function salvageBuffer(
  path: string,
  target: string,
  options: { now: number; owner: string },
): Map<string, TableSalvage> {
  return building(target, (database) => {
    for (const { sql } of SCHEMA) database.exec(sql);
    const tables = salvageRows(path, database, []);
    amendBuffer(database, tables, options);
    return tables;
  });
}

/** Without a journal, since what fails is thrown away; the file is on the disk when it is done. */
function building<Result>(path: string, build: (database: Database.Database) => Result): Result {
  const database = new Database(path);
  try {
    const pragmas = [
      "auto_vacuum = INCREMENTAL",
      "journal_mode = OFF",
      "synchronous = OFF",
      "foreign_keys = OFF",
    ];
    for (const pragma of pragmas) {
      database.prepare(`PRAGMA ${pragma}`).all();
    }
    return build(database);
  } finally {
    database.close();
    const file = openSync(path, "r+");
    fsyncSync(file);
    closeSync(file);
  }
}
