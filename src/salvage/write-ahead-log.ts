import { readSync } from "node:fs";

/* The layout of a write-ahead log: https://www.sqlite.org/fileformat.html#the_write_ahead_log */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Its last bit says in which byte order the checksums take the log. */
const MAGIC = 0x377f0682;

export type WriteAheadLog = {
  pageSize: number;
  /** Pages of the database as of the last commit. */
  pageCount: number;
  /** Where the newest committed version of a page begins in the file, by page number. */
  offsets: Map<number, number>;
};

type Checksum = [number, number];

/** What of a log is committed and whole, as SQLite would take it; undefined when that is nothing. */
export function readWriteAheadLog(file: number): WriteAheadLog | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined;
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return undefined;
  const isLittleEndian = magic === MAGIC;
  let checksum = continueChecksum([0, 0], header.subarray(0, 24), isLittleEndian);
  if (!isEqual(checksum, header, 24)) return undefined;

  const pageSize = header.readUInt32BE(8);
  if (!isPageSize(pageSize)) return undefined;
  const salts = header.subarray(16, 24);
  const log: WriteAheadLog = { pageSize, pageCount: 0, offsets: new Map() };
  const uncommitted = new Map<number, number>();
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + pageSize);
  for (let offset = HEADER_BYTES; ; offset += frame.length) {
    if (readSync(file, frame, 0, frame.length, offset) < frame.length) break;
    if (!frame.subarray(8, 16).equals(salts)) break;
    checksum = continueChecksum(checksum, frame.subarray(0, 8), isLittleEndian);
    checksum = continueChecksum(checksum, frame.subarray(FRAME_HEADER_BYTES), isLittleEndian);
    if (!isEqual(checksum, frame, 16)) break;
    uncommitted.set(frame.readUInt32BE(0), offset + FRAME_HEADER_BYTES);
    const pageCount = frame.readUInt32BE(4);
    if (pageCount === 0) continue;
    log.pageCount = pageCount;
    for (const [page, at] of uncommitted) log.offsets.set(page, at);
    uncommitted.clear();
  }
  return log.pageCount > 0 ? log : undefined;
}

/** A power of two within limits. */
export function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && Number.isInteger(Math.log2(size));
}

function continueChecksum([first, second]: Checksum, bytes: Buffer, isLittleEndian: boolean): Checksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let position = 0; position < bytes.length; position += 8) {
    first = (first + view.getUint32(position, isLittleEndian) + second) >>> 0;
    second = (second + view.getUint32(position + 4, isLittleEndian) + first) >>> 0;
  }
  return [first, second];
}

function isEqual([first, second]: Checksum, bytes: Buffer, position: number): boolean {
  return bytes.readUInt32BE(position) === first && bytes.readUInt32BE(position + 4) === second;
}
