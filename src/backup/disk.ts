import { freeBytes } from "../file-system.ts";

/** Beyond what is needed, so that a running server is not left without. */
const MARGIN_BYTES = 16_000_000;

/** @throws Error with a sentence when a directory has not so many bytes free. */
export async function requireSpace(directory: string, bytes: number, purpose: string): Promise<void> {
  const free = await freeBytes(directory);
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
