import { statSync } from "node:fs";
import { open, statfs } from "node:fs/promises";

/** Room on the disk of a directory for whoever is not root, in bytes. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** In bytes; 0 of a file that is not there. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
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
