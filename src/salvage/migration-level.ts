import { DatabaseTooNewError, latestMigration, readMigrations } from "../db/migrate.ts";
import { readEntries } from "./b-tree.ts";
import { readFreelist } from "./freelist.ts";
import { layoutOfTable, rowOf } from "./layout.ts";
import { openPageFile } from "./page-file.ts";
import { reachablePages, startReach } from "./trees.ts";

/** drizzle's own, with a row for every migration. */
const MIGRATIONS = layoutOfTable("__drizzle_migrations", {
  id: "INTEGER",
  hash: "TEXT",
  created_at: "INTEGER",
});

/**
 * The last migration that a damaged database has had; where some of that is lost, the last one of this program.
 * @throws DatabaseTooNewError
 */
export function migrationLevel(path: string): number {
  using file = openPageFile(path);
  const reach = startReach();
  const pages = [...reachablePages(file, [MIGRATIONS], readFreelist(file), reach)];
  const applied = pages
    .flatMap(({ page }) => [...readEntries(file, page)])
    .map((entry) => Number(entry && rowOf(MIGRATIONS, entry)?.get("created_at")));
  const level = Math.max(...applied);
  const isIntact = applied.length > 0 && Number.isInteger(level) && !reach.broken.has(MIGRATIONS.tree);
  if (isIntact && level > latestMigration()) throw new DatabaseTooNewError();
  const isKnown = readMigrations().some(({ folderMillis }) => folderMillis === level);
  return isIntact && isKnown ? level : latestMigration();
}
