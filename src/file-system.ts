import { statSync } from "node:fs";
import { mkdir, open, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Room on the disk of a directory for whoever is not root, in bytes. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** In bytes; 0 of a file that is not there. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Makes a directory, and those above it that are not there, for their owner alone and such that a power cut leaves them. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = resolve(path); made.startsWith(resolve(first)); made = dirname(made)) {
    await syncDirectory(dirname(made)).catch((error: NodeJS.ErrnoException) => {
      // One that may be written into and not be read.
      if (error.code !== "EACCES") throw error;
    });
  }
}

/** Makes the names in a directory survive a power cut: what was renamed, made or removed there. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Of all the chunks, in hexadecimal. */
export async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
