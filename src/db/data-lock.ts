import { join } from "node:path";
import { type Client, createClient } from "@libsql/client/sqlite3";

/**
 * Keeps a second server out of a data directory. The lock is a SQLite one on a file of its own: the system lets
 * it go with the process, however that ends.
 * @throws Error when another process holds it.
 */
export async function lockDataDirectory(directory: string): Promise<{ release(): void }> {
  const client: Client = createClient({ url: `file:${join(directory, "server.lock")}`, concurrency: 1 });
  try {
    const transaction = await client.transaction("write");
    return {
      release() {
        transaction.close();
        client.close();
      },
    };
  } catch (cause) {
    client.close();
    throw new Error(`Another server is using the data in ${directory}. Stop it, or set DATA_DIR.`, { cause });
  }
}
