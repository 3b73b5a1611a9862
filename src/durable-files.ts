import { open } from "node:fs/promises";

/** Makes the names in a directory survive a power cut: what was renamed, made or removed there. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
