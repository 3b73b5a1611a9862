import { DatabaseTooNewError, latestMigration, readMigrations } from "../db/migrate.ts";
import { readEntries } from "./b-tree.ts";
import { readFreePages } from "./freelist.ts";
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
  const pages = [...reachablePages(file, [MIGRATIONS], readFreePages(file), reach)];
  const applied = pages
    .flatMap(({ page }) => [...readEntries(file, page)])
    .map((entry) => Number(entry && rowOf(MIGRATIONS, entry)?.get("created_at")));
  const level = Math.max(...applied);
  const isIntact = applied.length > 0 && Number.isInteger(level) && !reach.broken.has(MIGRATIONS.tree);
  const known = readMigrations().map(({ folderMillis }) => folderMillis);
  // A later version has had all of this one too: else it is the number that is damaged.
  const isLater = level > latestMigration() && known.every((migration) => applied.includes(migration));
  if (isIntact && isLater) throw new DatabaseTooNewError();
  return isIntact && known.includes(level) ? level : latestMigration();
}
