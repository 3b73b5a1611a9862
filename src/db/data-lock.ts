import { join } from "node:path";
import { type Client, createClient, LibsqlError } from "@libsql/client/sqlite3";
import { toError } from "./errors.ts";
import { HOW_TO_WRITE, hindrance } from "./writable.ts";

export type FileLock = { release(): void };

/**
 * Keeps a second server out of a data directory.
 * @throws Error when another process holds it.
 */
export function lockDataDirectory(directory: string): Promise<FileLock> {
  const taken = `Another server is using the data in ${directory}. Stop it, or set DATA_DIR.`;
  return lockFile(join(directory, "server.lock"), taken);
}

/**
 * A lock that one process at a time can hold. It is a SQLite one on a file of its own: the system lets it go with the
 * process, however that ends.
 * @throws Error: with the words for it when it is taken, or when there can be no such file.
 */
export async function lockFile(path: string, taken: string): Promise<FileLock> {
  // On a file that it may only read SQLite would take this for a read, and let others have the lock too.
  const hindered = hindrance(path);
  if (hindered !== undefined) throw new Error(`${hindered}. ${HOW_TO_WRITE}`);
  let client: Client | undefined;
  try {
    client = createClient({ url: `file:${path}`, concurrency: 1 });
    const transaction = await client.transaction("write");
    return {
      release() {
        transaction.close();
        client?.close();
      },
    };
  } catch (cause) {
    client?.close();
    const isTaken = cause instanceof LibsqlError && cause.code === "SQLITE_BUSY";
    throw new Error(isTaken ? taken : `${path} cannot be locked. ${reasonOf(toError(cause))}`, { cause });
  }
}

/** The driver gives what the system said as no more than a number, the same for all that is wrong with a path. */
function reasonOf({ message }: Error): string {
  if (!message.includes("Unable to open")) return message;
  return "It cannot be made, or not be written by this user.";
}
