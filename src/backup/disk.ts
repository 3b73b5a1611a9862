import { createReadStream } from "node:fs";
import { statfs } from "node:fs/promises";

/** Beyond what is needed, so that a running server is not left without. */
const MARGIN_BYTES = 16_000_000;

/** @throws Error with a sentence when a directory has not so many bytes free. */
export async function requireSpace(directory: string, bytes: number, purpose: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= bytes + MARGIN_BYTES) return;
  throw new Error(
    `There is not enough room in ${directory} for ${purpose}: ` +
      `it takes up to ${megabytes(bytes + MARGIN_BYTES)} MB, and ${megabytes(free)} MB are free.`,
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

/** Told how much of the work is done, in bytes. */
export type OnBytes = (done: number, total: number) => void;

/** Adds up: what comes back is called with each further number of bytes. */
export function countBytes(onBytes: OnBytes, total: number): (bytes: number) => void {
  let done = 0;
  return (bytes) => {
    done += bytes;
    onBytes(done, total);
  };
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
