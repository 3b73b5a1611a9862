import type { PageFile } from "./page-file.ts";

export type Freelist = {
  /** Pages that held what was deleted, and still do. */
  pages: Set<number>;
  /** False when some of the list may be lost: then a page that nothing leads to may be a free one. */
  isWhole: boolean;
};

/** A page of the list: free itself, it names other free pages and the next one of its kind. */
type Trunk = { next: number; leaves: number[] };

/** https://www.sqlite.org/fileformat.html#the_freelist. Where the list is broken off, its parts are looked for. */
export function readFreelist(file: PageFile): Freelist {
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
  return { pages, isWhole: pages.size === file.header?.freePages };
}

/** Undefined for a page that cannot be one: hardly any other has only numbers of different pages where these go. */
function readTrunk(file: PageFile, number: number): Trunk | undefined {
  const bytes = file.read(number);
  const count = bytes?.readUInt32BE(4) ?? 0;
  if (!bytes || count > file.usableSize / 4 - 2) return undefined;
  const next = bytes.readUInt32BE(0);
  const leaves = Array.from({ length: count }, (_, index) => bytes.readUInt32BE(8 + index * 4));
  // A file that was cut short names pages that it has no more.
  const last = Math.max(file.pageCount, file.header?.pageCount ?? 0);
  const isPossible = [...leaves, next || 2].every((page) => page >= 2 && page <= last);
  return isPossible && new Set(leaves).size === count ? { next, leaves } : undefined;
}
