import type { PageFile } from "./page-file.ts";
import { ByteReader, type Cut, decodeRecord, type Value } from "./record.ts";

/* Pages of b-trees and their cells: https://www.sqlite.org/fileformat.html#b_tree_pages */

/** Of a table with rowids its rows are in the leaves; of all else there are entries on every page. */
export type Storage = "table" | "index";

export type TreePage = {
  storage: Storage;
  isLeaf: boolean;
  bytes: Buffer;
  /** Where the cells begin. */
  cells: number[];
  /** False when some of them are lost. */
  isWhole: boolean;
  /** Page numbers of interior pages' children. */
  children: number[];
};

/** A row or an index entry as it is stored. */
export type Entry = { rowid: number | bigint | undefined; values: (Value | Cut | undefined)[] };

/** Telemetry of weeks is smaller. */
const LARGEST_ENTRY_BYTES = 2 ** 27;

const KINDS: Record<number, Pick<TreePage, "storage" | "isLeaf">> = {
  2: { storage: "index", isLeaf: false },
  5: { storage: "table", isLeaf: false },
  10: { storage: "index", isLeaf: true },
  13: { storage: "table", isLeaf: true },
};

/** The page as one of a tree; undefined when it is none. */
export function readTreePage(file: PageFile, page: number): TreePage | undefined {
  const bytes = file.read(page);
  // The first page begins with the header of the file.
  const start = page === 1 ? 100 : 0;
  const kind = KINDS[bytes?.[start] ?? 0];
  if (!bytes || !kind) return undefined;
  const headerEnd = start + (kind.isLeaf ? 8 : 12);
  const count = bytes.readUInt16BE(start + 3);
  const room = Math.floor((file.pageSize - headerEnd) / 2);
  const pointers = Array.from({ length: Math.min(count, room) }, (_, index) =>
    bytes.readUInt16BE(headerEnd + index * 2),
  );
  const cells = [...new Set(pointers)].filter((cell) => cell >= headerEnd && cell <= file.pageSize - 4);
  const children = kind.isLeaf
    ? []
    : [...cells.map((cell) => bytes.readUInt32BE(cell)), bytes.readUInt32BE(start + 8)];
  return { ...kind, bytes, cells, isWhole: cells.length === count, children };
}

/** The rows or index entries on a page, as far as they can be read; null for each that cannot. */
export function* readEntries(file: PageFile, page: TreePage): Generator<Entry | null> {
  if (page.storage === "table" && !page.isLeaf) return;
  for (const cell of page.cells) yield readEntry(file, page, cell);
}

function readEntry(file: PageFile, { storage, isLeaf, bytes }: TreePage, cell: number): Entry | null {
  const reader = new ByteReader(bytes, isLeaf ? cell : cell + 4);
  const length = Number(reader.varint());
  const rowid = storage === "table" ? reader.varint() : undefined;
  if (length < 1 || length > Math.min(file.pageCount * file.pageSize, LARGEST_ENTRY_BYTES)) return null;
  const payload = readPayload(file, storage, bytes, reader.position, length);
  const values = payload && decodeRecord(payload);
  return values ? { rowid, values } : null;
}

/** What of a payload is on its page and, where that is not all, on its overflow pages; shorter when their chain ends early or in a circle. */
function readPayload(
  file: PageFile,
  storage: Storage,
  bytes: Buffer,
  position: number,
  length: number,
): Uint8Array | undefined {
  const local = localLength(file.pageSize, storage, length);
  if (position + local > file.pageSize) return undefined;
  const start = bytes.subarray(position, position + local);
  if (local === length) return start;
  if (position + local + 4 > file.pageSize) return undefined;
  const parts = [start];
  let missing = length - local;
  let next = bytes.readUInt32BE(position + local);
  const seen = new Set<number>();
  while (missing > 0) {
    const overflow = seen.has(next) ? undefined : file.readOverflow(next);
    if (!overflow) break;
    seen.add(next);
    const part = overflow.subarray(4, Math.min(file.pageSize, 4 + missing));
    parts.push(part);
    missing -= part.length;
    next = overflow.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

/** Bytes of a payload that are on the page itself. */
function localLength(pageSize: number, storage: Storage, length: number): number {
  const most = storage === "table" ? pageSize - 35 : Math.floor(((pageSize - 12) * 64) / 255) - 23;
  if (length <= most) return length;
  const least = Math.floor(((pageSize - 12) * 32) / 255) - 23;
  const fitted = least + ((length - least) % (pageSize - 4));
  return fitted <= most ? fitted : least;
}
