import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * What keeps this user from writing a database file, in words; undefined when nothing does. SQLite itself opens such a
 * file for reading and says so only when something is to be written.
 */
export function hindrance(path: string): string | undefined {
  const parts = [path, `${path}-wal`, `${path}-shm`, dirname(path)];
  const part = parts.filter((part) => existsSync(part)).find((part) => !mayWrite(part));
  if (part === undefined) return undefined;
  const { uid } = statSync(part);
  const user = process.geteuid?.();
  const owner = user === undefined || uid === user ? "" : `: it belongs to user ${uid}, this is user ${user}`;
  return `${part} cannot be written${owner}`;
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export const HOW_TO_WRITE =
  "Give it, and what is beside it, to the user that runs the server (`chown`), or run this as its owner.";
