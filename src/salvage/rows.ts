import type Database from "libsql";
import { type Entry, readEntries } from "./b-tree.ts";
import { readFreePages } from "./freelist.ts";
import { type Layout, type Row, readLayouts, rowidOf, rowOf } from "./layout.ts";
import { openPageFile } from "./page-file.ts";
import type { Value } from "./record.ts";
import { createRowWriter } from "./row-writer.ts";
import { type AttributedPage, reachablePages, startReach, strayPages } from "./trees.ts";

/** What became of a table's rows. */
export type TableSalvage = {
  salvaged: number;
  /** What indexes still know of rows that are gone. */
  remains: Row[];
  /** Entries that were there and could not be read or kept; some may be copies of others. */
  unusable: number;
};

/**
 * Copies every row that can still be read from a damaged file into a database that has its tables, and in which foreign
 * keys are not enforced. Pages that nothing leads to any more are read too; where these may as well have been deleted,
 * since what tells is damaged, the tables in `guarded` get nothing from them.
 */
export function salvageRows(
  path: string,
  target: Database.Database,
  guarded: readonly string[],
): Map<string, TableSalvage> {
  using file = openPageFile(path);
  const layouts = readLayouts(target);
  const write = createRowWriter(target);
  const tables = new Map(layouts.map(({ table }) => [table, createTable()]));

  function take({ page, layout }: AttributedPage, isCertain: boolean): void {
    const table = tables.get(layout.table);
    for (const entry of readEntries(file, page)) {
      const row = entry ? rowOf(layout, entry, isCertain) : undefined;
      if (!layout.isWhole) table?.noteRemains(layout, entry, row);
      else if (entry && row && write(layout.table, row)) table?.noteSalvaged(layout, entry);
      else if (!layout.isIndex) table?.noteUnusable();
    }
  }

  const isFree = readFreePages(file);
  const reach = startReach();
  target.exec("BEGIN");
  for (const page of reachablePages(file, layouts, isFree, reach)) take(page, true);
  for (const page of strayPages(file, layouts, isFree, reach)) {
    if (page.layout.isWhole && !(page.mayBeFree && guarded.includes(page.layout.table))) take(page, false);
  }
  target.exec("COMMIT");
  return new Map([...tables].map(([name, table]) => [name, table.result()]));
}

function createTable() {
  let [salvaged, unusable] = [0, 0];
  const rowids = new Set<Value | undefined>();
  const remains = new Map<Value | undefined, Row>();
  return {
    noteSalvaged(layout: Layout, entry: Entry): void {
      salvaged += 1;
      if (layout.storage === "table") rowids.add(entry.rowid);
    },
    noteUnusable(): void {
      unusable += 1;
    },
    noteRemains(layout: Layout, entry: Entry | null, row: Row | undefined): void {
      const rowid = entry && row && rowidOf(layout, entry);
      if (!row || rowid === undefined || rowid === null || rowids.has(rowid)) return;
      remains.set(rowid, new Map([["rowid", rowid], ...(remains.get(rowid) ?? []), ...row]));
    },
    /** Stray pages come last: what they gave is lost no more. */
    result(): TableSalvage {
      const lost = [...remains].filter(([rowid]) => !rowids.has(rowid));
      return { salvaged, unusable, remains: lost.map(([, row]) => row) };
    },
  };
}
