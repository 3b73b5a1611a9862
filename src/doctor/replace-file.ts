import { existsSync } from "node:fs";
import { link, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { COMPANIONS } from "../db/local-files.ts";
import { syncDirectory } from "../file-system.ts";

/**
 * Puts a new file in the place of a damaged one, which is kept with its write-ahead log under the name that is returned.
 * At any moment there is a file at `path`; the log goes first, since SQLite would take it for that of the new file.
 */
export async function replaceFile(path: string, replacement: string, time: Date): Promise<string> {
  const kept = keptName(path, time);
  // Not every file system has links; then there is none at `path` for a moment.
  await link(path, kept).catch(() => rename(path, kept));
  await moveCompanions(path, kept);
  await syncDirectory(dirname(path));
  await rename(replacement, path);
  await syncDirectory(dirname(path));
  return kept;
}

/** Moves a file and what belongs to it out of the way, to the name that is returned. */
export async function moveAside(path: string, time: Date): Promise<string> {
  const kept = keptName(path, time);
  await rename(path, kept);
  await moveCompanions(path, kept);
  await syncDirectory(dirname(path));
  return kept;
}

/** As in bpt.db.damaged-20260601T120000Z. */
function keptName(path: string, time: Date): string {
  return `${path}.damaged-${time.toISOString().replace(/[-:]|\.\d+/g, "")}`;
}

async function moveCompanions(path: string, kept: string): Promise<void> {
  for (const ending of COMPANIONS) {
    if (existsSync(path + ending)) await rename(path + ending, kept + ending);
  }
}
