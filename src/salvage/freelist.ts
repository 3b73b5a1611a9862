import type { PageFile } from "./page-file.ts";

/**
 * Whether a page held what was deleted, and still does; undefined where some of what tells is lost: then a page that
 * nothing leads to may be a free one.
 */
export type IsFree = (page: number) => boolean | undefined;

/** A page of the list: free itself, it names other free pages and the next one of its kind. */
type Trunk = { next: number; leaves: number[] };

/**
 * By the list of free pages, https://www.sqlite.org/fileformat.html#the_freelist, where that is whole. Else by the pointer
 * map, and where that does not tell either, by those parts of the list that can be found.
 */
export function readFreePages(file: PageFile): IsFree {
  const pages = new Set<number>();
  const add = (number: number, { leaves }: Trunk) => {
    for (const page of [number, ...leaves]) pages.add(page);
  };
  let next = file.header?.firstFreePage ?? 0;
  for (let trunk = readTrunk(file, next); trunk && !pages.has(next); trunk = readTrunk(file, next)) {
    add(next, trunk);
    next = trunk.next;
  }
  for (let number = 2; pages.size !== file.header?.freePages && number <= file.pageCount; number++) {
    const trunk = readTrunk(file, number);
    if (trunk) add(number, trunk);
  }
  if (pages.size === file.header?.freePages) return (page) => pages.has(page);
  return (page) => file.pointerMap.isFree(page) ?? (pages.has(page) || undefined);
}

/** Undefined for a page that cannot be one: hardly any other has only numbers of different pages where these go. */
function readTrunk(file: PageFile, number: number): Trunk | undefined {
  const bytes = file.read(number);
  const count = bytes?.readUInt32BE(4) ?? 0;
  if (!bytes || count > file.pageSize / 4 - 2) return undefined;
  const next = bytes.readUInt32BE(0);
  const leaves = Array.from({ length: count }, (_, index) => bytes.readUInt32BE(8 + index * 4));
  const isPossible = [...leaves, next || 2].every((page) => page >= 2 && page <= file.lastPage);
  return isPossible && new Set(leaves).size === count ? { next, leaves } : undefined;
}
