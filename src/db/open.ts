import { type Client, createClient } from "@libsql/client/sqlite3";
import { BUSY_TIMEOUT_MS, type OpenOptions, pragmas } from "./connection.ts";
import { SerializedClient } from "./serialized-client.ts";

/**
 * The one way in which this program opens a libSQL database. On a local file the client that comes back has
 * one connection with a first-come, first-served lock in front of it, because a SQLITE_BUSY inside the process
 * makes later writes of that connection report success and vanish.
 * @throws LibsqlError when the file cannot be opened.
 */
export async function openClient(options: OpenOptions): Promise<Client> {
  const { url, authToken } = options;
  if (!url.startsWith("file:")) {
    // Loaded only where it is wanted: its protocols would make every start slower.
    const remote = await import("@libsql/client");
    return remote.createClient({ url, ...(authToken && { authToken }) });
  }
  const client = createClient({ url, concurrency: 1, timeout: BUSY_TIMEOUT_MS });
  try {
    // WAL is kept in the file, and changing to it needs the write lock: only the writer asks for it.
    if (!options.readOnly) await client.execute("PRAGMA journal_mode = WAL");
    await setPragmas(client, options);
    return new SerializedClient(client, () => setPragmas(client, options));
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Folds the write-ahead log into the file, which close() alone does not, and closes. */
export async function closeClient(client: Client): Promise<void> {
  if (client.protocol === "file") await client.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  client.close();
}

async function setPragmas(client: Client, options: OpenOptions): Promise<void> {
  for (const pragma of pragmas(options)) await client.execute(`PRAGMA ${pragma}`);
}
