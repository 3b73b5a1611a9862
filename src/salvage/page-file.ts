import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { readWriteAheadLog } from "./write-ahead-log.ts";

/** Where nothing else says it: what every file that this program makes has. */
const USUAL_PAGE_SIZE = 4096;
const HEADER_BYTES = 100;
const MAGIC = Buffer.from("SQLite format 3\0");
/** The byte that locks are taken on; the page that it is in is never used. */
const LOCK_BYTE = 2 ** 30;

/** A database file and its write-ahead log as numbered pages, the first being 1. */
export type PageFile = Disposable & {
  pageCount: number;
  /** Bytes of a page that hold data. */
  usableSize: number;
  /** What the first page says; undefined when it is damaged. */
  header: { pageCount: number; firstFreePage: number; freePages: number } | undefined;
  /** Undefined for a page that is not there, or cannot be read from the disk. */
  read(page: number): Buffer | undefined;
};

/** Opens a file for reading, whatever is in it. @throws Error when it cannot be opened. */
export function openPageFile(path: string): PageFile {
  const file = openSync(path, "r");
  const logFile = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, "r") : undefined;
  const log = logFile === undefined ? undefined : readWriteAheadLog(logFile);

  const pageSize = log?.pageSize ?? pageSizeOf(readAt(file, 0, HEADER_BYTES));
  const fileSize = fstatSync(file).size;
  // The log knows of what was cut off from the end and is in the file still.
  const pageCount = log?.pageCount ?? Math.ceil(fileSize / pageSize);

  function readStored(page: number): Buffer | undefined {
    const inLog = log?.offsets.get(page);
    if (inLog !== undefined && logFile !== undefined) return readAt(logFile, inLog, pageSize);
    return readAt(file, (page - 1) * pageSize, pageSize);
  }

  const first = readStored(1);
  const header = isSound(first) ? first : undefined;
  const usableSize = pageSize - (header?.readUInt8(20) ?? 0);
  const isOutside = (page: number) =>
    page < 1 || page > pageCount || page === Math.floor(LOCK_BYTE / pageSize) + 1;

  return {
    pageCount,
    usableSize,
    header: header && {
      pageCount: header.readUInt32BE(28),
      firstFreePage: header.readUInt32BE(32),
      freePages: header.readUInt32BE(36),
    },
    read: (page) => (isOutside(page) ? undefined : readStored(page)),
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
  return header?.subarray(0, MAGIC.length).equals(MAGIC) ?? false;
}

function pageSizeOf(header: Buffer | undefined): number {
  const stored = isSound(header) ? header.readUInt16BE(16) : 0;
  const size = stored === 1 ? 65_536 : stored;
  return size >= 512 && Number.isInteger(Math.log2(size)) ? size : USUAL_PAGE_SIZE;
}
