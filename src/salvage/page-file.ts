import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { NO_POINTER_MAP, type PointerMap, readPointerMap } from "./pointer-map.ts";
import { isPageSize, readWriteAheadLog } from "./write-ahead-log.ts";

/** Where nothing else says it: what every file that this program makes has. */
const USUAL_PAGE_SIZE = 4096;
const HEADER_BYTES = 100;
const MAGIC = Buffer.from("SQLite format 3\0");
/** What the header has at 20 besides: pages are used to their end, and three fractions that never differ. */
const FRACTIONS = Buffer.from([0, 64, 32, 32]);
/** More often than a page of an overflow chain is read for the entry that it belongs to, and fewer than a hang takes. */
const MOST_OVERFLOW_READS = 100;
/** The byte that locks are taken on; the page that it is in is never used. */
const LOCK_BYTE = 2 ** 30;

/** A database file and its write-ahead log as numbered pages, the first being 1. */
export type PageFile = Disposable & {
  pageCount: number;
  /** The highest number that a page can have had before the file was cut short. */
  lastPage: number;
  pageSize: number;
  /** What the first page says; undefined when it is damaged. */
  header: { firstFreePage: number; freePages: number } | undefined;
  pointerMap: PointerMap;
  /** Undefined for a page that is not there, is none of data, or cannot be read from the disk. */
  read(page: number): Buffer | undefined;
  /** The same of a page in an overflow chain. Undefined too when so many entries lead there that they cannot be sound. */
  readOverflow(page: number): Buffer | undefined;
};

/** Opens a file for reading, whatever is in it. @throws Error when it cannot be opened. */
export function openPageFile(path: string): PageFile {
  const file = openSync(path, "r");
  const logFile = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, "r") : undefined;
  const log = logFile === undefined ? undefined : readWriteAheadLog(logFile);

  const fileSize = fstatSync(file).size;
  const pageSize = log?.pageSize ?? pageSizeOf(readAt(file, 0, HEADER_BYTES), fileSize);
  const pagesThere = Math.ceil(fileSize / pageSize);
  // The log knows of what was cut off from the end and is in the file still.
  const pageCount = log ? Math.min(log.pageCount, pagesThere + log.offsets.size) : pagesThere;

  function readStored(page: number): Buffer | undefined {
    const inLog = log?.offsets.get(page);
    if (inLog !== undefined && logFile !== undefined) return readAt(logFile, inLog, pageSize);
    return readAt(file, (page - 1) * pageSize, pageSize);
  }

  const first = readStored(1);
  const header = isSound(first) ? first : undefined;
  const lockPage = Math.floor(LOCK_BYTE / pageSize) + 1;
  const readUsed = (page: number) =>
    page < 1 || page > pageCount || page === lockPage ? undefined : readStored(page);
  const hasPointerMap = header === undefined || header.readUInt32BE(52) > 0;
  // A file that was cut short names pages that it has no more.
  const lastPage = Math.max(pageCount, header?.readUInt32BE(28) ?? 0);
  const pointerMap = hasPointerMap
    ? readPointerMap({ pageCount, lastPage, pageSize, lockPage, read: readUsed })
    : NO_POINTER_MAP;

  const read = (page: number) => (pointerMap.has(page) ? undefined : readUsed(page));
  const overflowReads = new Uint8Array(pageCount + 1);

  return {
    pageCount,
    lastPage,
    pageSize,
    header: header && { firstFreePage: header.readUInt32BE(32), freePages: header.readUInt32BE(36) },
    pointerMap,
    read,
    readOverflow(page) {
      const reads = overflowReads[page] ?? 0;
      if (reads === MOST_OVERFLOW_READS) return undefined;
      overflowReads[page] = reads + 1;
      return read(page);
    },
    [Symbol.dispose]() {
      closeSync(file);
      if (logFile !== undefined) closeSync(logFile);
    },
  };
}

/** Zeros follow where the file ends; undefined where the disk gives nothing. */
function readAt(file: number, position: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  try {
    return readSync(file, bytes, 0, length, position) > 0 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function isSound(header: Buffer | undefined): header is Buffer {
  if (!header?.subarray(0, MAGIC.length).equals(MAGIC)) return false;
  return header.subarray(20, 24).equals(FRACTIONS) && isPageSize(storedPageSize(header));
}

/** What the header says is taken where the size of the file bears it out. */
function pageSizeOf(header: Buffer | undefined, fileSize: number): number {
  if (!isSound(header)) return USUAL_PAGE_SIZE;
  const size = storedPageSize(header);
  return header.readUInt32BE(28) * size === fileSize ? size : USUAL_PAGE_SIZE;
}

function storedPageSize(header: Buffer): number {
  const stored = header.readUInt16BE(16);
  return stored === 1 ? 65_536 : stored;
}
