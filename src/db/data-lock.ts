import { join } from "node:path";
import { createClient } from "@libsql/client/sqlite3";
import { mayPass, toError } from "./errors.ts";

/**
 * Keeps a second server out of a data directory. The lock is a SQLite one on a file of its own: the system lets
 * it go with the process, however that ends.
 * @throws Error with a sentence for the operator when another process holds it, or it cannot be taken at all.
 */
export async function lockDataDirectory(directory: string): Promise<{ release(): void }> {
  try {
    return await lockFile(join(directory, "server.lock"));
  } catch (error) {
    const cause = toError(error);
    const message = mayPass(cause)
      ? `Another server is using the data in ${directory}. Stop it, or set DATA_DIR.`
      : `The data directory ${directory} cannot be used. ${cause.message}`;
    throw new Error(message, { cause });
  }
}

async function lockFile(path: string): Promise<{ release(): void }> {
  const client = createClient({ url: `file:${path}`, concurrency: 1 });
  try {
    const transaction = await client.transaction("write");
    return {
      release() {
        transaction.close();
        client.close();
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}
