/*
 * Files that can give free pages back have maps of what each page is for: a page of 5-byte entries, and then the pages
 * that they are of. https://www.sqlite.org/fileformat.html#pointer_map_or_ptrmap_pages
 */

const ENTRY_BYTES = 5;
const ROOT = 1;
const FREE = 2;
const LAST_TYPE = 5;

export type PointerMap = {
  /** Whether a page is one of the map itself. */
  has(page: number): boolean;
  /** Whether the map says that a page is free; undefined where it does not tell. */
  isFree(page: number): boolean | undefined;
};

/** Of a file without. */
export const NO_POINTER_MAP: PointerMap = { has: () => false, isFree: () => undefined };

type Pages = {
  pageCount: number;
  /** The highest number that a page can have had. */
  lastPage: number;
  pageSize: number;
  /** The page that is never used. */
  lockPage: number;
  read(page: number): Buffer | undefined;
};

/** What there is of the map: pages where it belongs that have been overwritten are none of it. */
export function readPointerMap({ pageCount, lastPage, pageSize, lockPage, read }: Pages): PointerMap {
  const span = Math.floor(pageSize / ENTRY_BYTES) + 1;
  const maps = new Map<number, Buffer>();

  function mapOf(page: number): number {
    const start = page - ((page - 2) % span);
    return start === lockPage ? start + 1 : start;
  }

  /** What a page is for; undefined when its entry can be none. */
  function typeIn(bytes: Buffer | undefined, page: number): number | undefined {
    const position = (page - mapOf(page) - 1) * ENTRY_BYTES;
    if (!bytes || page === lockPage || position < 0) return undefined;
    const type = bytes.readUInt8(position);
    const parent = bytes.readUInt32BE(position + 1);
    if (type === ROOT || type === FREE) return parent === 0 ? type : undefined;
    return type > FREE && type <= LAST_TYPE && parent > 0 && parent <= lastPage ? type : undefined;
  }

  /** A page of a tree can have a few bytes that would do for entries. */
  function isMap(map: number, bytes: Buffer): boolean {
    const last = Math.min(map + span - 1, pageCount);
    const entries = Array.from({ length: last - map }, (_, index) => typeIn(bytes, map + 1 + index));
    return entries.filter((type) => type !== undefined).length > entries.length / 2;
  }

  for (let start = 2; start <= pageCount; start += span) {
    const bytes = read(mapOf(start));
    if (bytes && isMap(mapOf(start), bytes)) maps.set(mapOf(start), bytes);
  }
  return {
    has: (page) => maps.has(page),
    isFree(page) {
      const type = page < 2 ? undefined : typeIn(maps.get(mapOf(page)), page);
      return type === undefined ? undefined : type === FREE;
    },
  };
}
