import { existsSync } from "node:fs";
import { type Client, createClient } from "@libsql/client/sqlite3";
import type { Logger } from "../logger.ts";
import { withinTime } from "../time-limit.ts";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { filePragmas, type OpenOptions, pragmas } from "./connection.ts";
import { createDatabase } from "./database.ts";
import { toError } from "./errors.ts";
import { isMigrated } from "./migrate.ts";
import { ObservedClient, type QueryObserver } from "./observed-client.ts";
import { openRemote, publicAddress } from "./remote.ts";
import { ReplicaClient } from "./replica.ts";
import { SerializedClient } from "./serialized-client.ts";
import { createSynchronizer, type Synchronizer } from "./synchronizer.ts";

/** How long a start waits, in ms, for a copy that could be served to be brought in step. */
const LONGEST_FIRST_SYNC_MS = 10_000;

/** What libSQL calls the file beside a replica in which it notes how far that is. */
const SYNC_STATE = "-client_wal_index";

/** Whom a client tells of what happens. */
export type ClientHooks = {
  onQuery?: QueryObserver;
  /** Of errors of a local file that are not a statement's own. */
  onSuspect?: (error: unknown) => void;
};

/**
 * The one way in which this program opens a libSQL database. On a local file the client that comes back has
 * one connection with a first-come, first-served lock in front of it, because a SQLITE_BUSY inside the process
 * makes later writes of that connection report success and vanish.
 * @throws LibsqlError when the file cannot be opened.
 */
export async function openClient(options: OpenOptions, hooks: ClientHooks = {}): Promise<Client> {
  const { url, authToken } = options;
  const { onQuery = () => {}, onSuspect = () => {} } = hooks;
  if (!url.startsWith("file:")) return new ObservedClient(await openRemote(url, authToken), onQuery);
  const kept = filePragmas(options);
  const client = createClient({ url, concurrency: 1, timeout: BUSY_TIMEOUT_MS });
  try {
    for (const pragma of kept) await client.execute(`PRAGMA ${pragma}`);
    await setPragmas(client, options);
    // Whoever has the turn is alone until it is over: the wait that was noted last is its own.
    let waited = 0;
    const observed = new ObservedClient(client, (query) => onQuery({ ...query, waited }));
    return new SerializedClient(observed, () => setPragmas(client, options), {
      onTurn(milliseconds) {
        waited = milliseconds;
      },
      onSuspect,
    });
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Folds the write-ahead log into the file, which close() alone does not, and closes. */
export async function closeClient(client: Client): Promise<void> {
  try {
    if (client.protocol === "file") await client.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    client.close();
  }
}

async function setPragmas(client: Client, options: OpenOptions): Promise<void> {
  for (const pragma of pragmas(options)) await client.execute(`PRAGMA ${pragma}`);
}

/**
 * Opens a replica: a local copy, kept in step with a primary. The start never waits for a primary that does not
 * answer; without it, the copy of an earlier start is served.
 * @throws Error with a sentence for the operator when the primary is away and there is no copy that could be served
 * without it, or when there is a file that is no copy. DatabaseTooNewError.
 */
export async function openReplica(
  { url, authToken, durability }: OpenOptions,
  { syncUrl, syncSeconds }: { syncUrl: string; syncSeconds: number },
  log: Pick<Logger, "info" | "warn">,
  hooks: ClientHooks = {},
): Promise<ReplicaClient> {
  const path = url.slice("file:".length);
  if (existsSync(path) && !existsSync(path + SYNC_STATE)) {
    throw new Error(`${path} is a database of its own and no replica. Move it away, or set DATABASE_URL.`);
  }
  const synchronizer = createSynchronizer({ url, syncUrl, authToken }, log);
  try {
    await syncFirst(synchronizer, { url, syncUrl });
    const copy = await openClient({ url, durability, readOnly: true }, hooks);
    const remote = await openClient({ url: syncUrl, authToken, durability }, hooks);
    return new ReplicaClient(copy, remote, synchronizer, syncSeconds);
  } catch (error) {
    synchronizer.close();
    throw error;
  }
}

/** Resolves when there is a copy that can be served, be it that of an earlier start. */
async function syncFirst(
  synchronizer: Synchronizer,
  { url, syncUrl }: { url: string; syncUrl: string },
): Promise<void> {
  const syncing = synchronizer.sync().catch(toError);
  const hasCopy = existsSync(url.slice("file:".length)) && (await isServable(url));
  // With a copy at hand, a primary that answers and gives nothing is not waited for; the sync goes on behind.
  const failure = await (hasCopy ? withinTime(syncing, LONGEST_FIRST_SYNC_MS, () => undefined) : syncing);
  if (!failure || hasCopy) return;
  const message = `There is no replica of ${publicAddress(syncUrl)} yet, and none can be made.`;
  throw new Error(`${message} ${failure.message}`, { cause: failure });
}

/** Whether it has this program's schema: what it lacks, only the primary can give it. */
async function isServable(url: string): Promise<boolean> {
  const copy = await openClient({ url, durability: "full", readOnly: true });
  try {
    return await isMigrated(createDatabase(copy));
  } finally {
    copy.close();
  }
}
