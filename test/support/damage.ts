import { open, stat } from "node:fs/promises";

const PAGE = 4096;

/** Overwrites pages in the middle of a file, as a failing card does. */
export async function overwriteMiddle(path: string, pages: number): Promise<void> {
  const first = Math.floor((await stat(path)).size / PAGE / 2);
  const file = await open(path, "r+");
  await file.write(new Uint8Array(pages * PAGE).fill(0x5a), 0, pages * PAGE, first * PAGE);
  await file.close();
}
