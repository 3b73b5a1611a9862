import { type Entry, readEntries, readTreePage, type TreePage } from "./b-tree.ts";
import type { IsFree } from "./freelist.ts";
import { type Layout, layoutOfTable, type Row, rowOf, textOf } from "./layout.ts";
import type { PageFile } from "./page-file.ts";

/** The table that tells of all the others. */
const SCHEMA = layoutOfTable("sqlite_schema", {
  type: "TEXT",
  name: "TEXT",
  tbl_name: "TEXT",
  rootpage: "INTEGER",
  sql: "TEXT",
});

/** A page with what its entries are by. */
export type AttributedPage = { page: TreePage; layout: Layout };

/** What walks through the trees of a file have come to. */
export type Reach = {
  pages: Set<number>;
  /** The trees that some page is missing of, by name. */
  broken: Set<string>;
};

export function startReach(): Reach {
  return { pages: new Set(), broken: new Set() };
}

/** The pages of trees, as far as they can still be reached from their roots; adds to `reach`. */
export function* reachablePages(
  file: PageFile,
  layouts: readonly Layout[],
  isFree: IsFree,
  reach: Reach,
): Generator<AttributedPage> {
  const roots = readRoots(file, isFree, reach);
  for (const layout of layouts) {
    for (const page of pagesBelow(file, roots.get(layout.tree), layout, isFree, reach))
      yield { page, layout };
  }
}

/**
 * Pages that nothing leads to any more, each attributed to the tree whose entries it has. Not those that are free;
 * and where it cannot be told, only pages of trees that are known to miss some: what was deleted stays so.
 */
export function* strayPages(
  file: PageFile,
  layouts: readonly Layout[],
  isFree: IsFree,
  reach: Reach,
): Generator<AttributedPage & { mayBeFree: boolean }> {
  for (let number = 1; number <= file.pageCount; number++) {
    if (reach.pages.has(number) || isFree(number)) continue;
    const page = readTreePage(file, number);
    const layout = page && layoutOf(file, page, layouts);
    if (!layout) continue;
    const mayBeFree = isFree(number) === undefined;
    if (!mayBeFree || reach.broken.has(layout.tree)) yield { page, layout, mayBeFree };
  }
}

/** The root pages of tables and indexes by name. */
function readRoots(file: PageFile, isFree: IsFree, reach: Reach): Map<string, number> {
  const roots = new Map<string, number>();
  const add = (page: TreePage) => {
    for (const row of rowsOn(file, page, SCHEMA)) {
      const [name, root] = [textOf(row, "name"), row.get("rootpage")];
      if (typeof root === "number" && !roots.has(name)) roots.set(name, root);
    }
  };
  for (const page of pagesBelow(file, 1, SCHEMA, isFree, reach)) add(page);
  for (const { page } of strayPages(file, [SCHEMA], isFree, reach)) add(page);
  return roots;
}

/** What on a page is by a layout. */
function* rowsOn(file: PageFile, page: TreePage, layout: Layout): Generator<Row> {
  for (const entry of readEntries(file, page)) {
    const row = entry && rowOf(layout, entry);
    if (row) yield row;
  }
}

/** A root and all below it, in the order of the tree, but for what holds nothing of its kind. */
function* pagesBelow(
  file: PageFile,
  root = 0,
  layout: Layout,
  isFree: IsFree,
  { pages, broken }: Reach,
): Generator<TreePage> {
  const waiting = [root];
  const seen = new Set<number>();
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    const page = seen.has(number) ? undefined : readTreePage(file, number);
    const isOfTree = page?.storage === layout.storage && isOf(file, page, layout);
    if (!isOfTree || !page.isWhole || isFree(number)) broken.add(layout.tree);
    seen.add(number);
    if (!isOfTree) continue;
    pages.add(number);
    yield page;
    waiting.push(...page.children.toReversed());
  }
}

/** A damaged pointer may lead into another tree. */
function isOf(file: PageFile, page: TreePage, layout: Layout): boolean {
  if (!page.isLeaf || page.cells.length === 0) return true;
  return !rowsOn(file, page, layout).next().done;
}

/** What most entries of the page fit; undefined when that is nothing, or not one layout alone. */
function layoutOf(file: PageFile, page: TreePage, layouts: readonly Layout[]): Layout | undefined {
  const entries = [...readEntries(file, page)].filter((entry): entry is Entry => entry !== null);
  const counts = layouts
    .filter(({ storage }) => storage === page.storage)
    .map((layout) => ({ layout, fitting: entries.filter((entry) => rowOf(layout, entry)).length }))
    .sort((a, b) => b.fitting - a.fitting);
  const [best, second] = counts;
  return best && best.fitting > 0 && best.fitting > (second?.fitting ?? 0) ? best.layout : undefined;
}
