import { existsSync } from "node:fs";
import { type Client, createClient } from "@libsql/client/sqlite3";
import type { Logger } from "../logger.ts";
import { withinTime } from "../time-limit.ts";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { filePragmas, fileUrl, pragmas } from "./connection.ts";
import { createDatabase } from "./database.ts";
import { toError } from "./errors.ts";
import { LocalClient } from "./local-client.ts";
import { isMigrated } from "./migrate.ts";
import { ObservedClient, type QueryObserver } from "./observed-client.ts";
import { openRemote, publicAddress } from "./remote.ts";
import { ReplicaClient } from "./replica.ts";
import { SerializedClient, type SerializedOptions } from "./serialized-client.ts";
import { createSynchronizer, type Synchronizer } from "./synchronizer.ts";
import { ThreadClient } from "./thread-client.ts";

/** How long a start waits, in ms, for a copy that could be served to be brought in step. */
const LONGEST_FIRST_SYNC_MS = 10_000;

/** What libSQL calls the file beside a replica in which it notes how far that is. */
const SYNC_STATE = "-client_wal_index";

export type OpenOptions = {
  /** `file:…`, or a remote `libsql:`, `http:`, `https:` URL. */
  url: string;
  authToken?: string | undefined;
  readOnly?: boolean;
};

/** Whom a client tells of what happens. */
export type ClientHooks = {
  onQuery?: QueryObserver;
  /** Of errors of a local file that are not a statement's own. */
  onSuspect?: (error: unknown) => void;
  /** How long a write to a local file may take with its wait, and a transaction in all, in ms. */
  limitMs?: number;
};

/**
 * The one way in which this program opens a libSQL database. A local file has a connection here that reads, and unless
 * that is all, one that writes, each commit flushed, in a thread that the first write starts.
 * @throws LibsqlError when the file cannot be opened.
 */
export async function openClient(options: OpenOptions, hooks: ClientHooks = {}): Promise<Client> {
  const { url, authToken, readOnly = false } = options;
  if (!url.startsWith("file:")) {
    return new ObservedClient(await openRemote(url, authToken), hooks.onQuery ?? (() => {}));
  }
  const path = url.slice("file:".length);
  const reader = await openReader(path, { readOnly }, hooks);
  return readOnly ? reader : withWriter(path, reader, hooks);
}

async function openReader(
  path: string,
  { readOnly }: { readOnly: boolean },
  hooks: ClientHooks,
): Promise<Client> {
  const kept = filePragmas({ path, readOnly });
  const client = createClient({ url: fileUrl(path), concurrency: 1, timeout: BUSY_TIMEOUT_MS });
  const setPragmas = async () => {
    for (const pragma of pragmas({ readOnly: true })) await client.execute(`PRAGMA ${pragma}`);
  };
  try {
    for (const pragma of kept) await client.execute(`PRAGMA ${pragma}`);
    await setPragmas();
    return inTurn(client, hooks, { setPragmas });
  } catch (error) {
    client.close();
    throw error;
  }
}

function withWriter(path: string, reader: Client, hooks: ClientHooks): LocalClient {
  const thread = new ThreadClient(path);
  const { limitMs } = hooks;
  const writer = inTurn(thread, hooks, { limitMs, settled: () => thread.settled() });
  const fold = async () => {
    if (thread.isStarted) await writer.executeMultiple("PRAGMA wal_checkpoint(TRUNCATE)");
  };
  return new LocalClient(reader, writer, fold);
}

/**
 * A client of one connection, observed, with a first-come, first-served lock in front of it, because a SQLITE_BUSY inside
 * the process makes later writes of that connection report success and vanish.
 */
function inTurn(
  client: Client,
  { onQuery = () => {}, onSuspect = () => {} }: ClientHooks,
  options: Omit<SerializedOptions, "onTurn" | "onSuspect">,
): SerializedClient {
  // Whoever has the turn is alone until it is over: the wait that was noted last is its own.
  let waited = 0;
  const observed = new ObservedClient(client, (query) => onQuery({ ...query, waited }));
  const onTurn = (milliseconds: number) => {
    waited = milliseconds;
  };
  return new SerializedClient(observed, { ...options, onTurn, onSuspect });
}

/** Folds the write-ahead log into the file, which close() alone does not, and closes. */
export async function closeClient(client: Client): Promise<void> {
  try {
    if (client instanceof LocalClient) await client.fold();
  } finally {
    client.close();
  }
}

/**
 * Opens a replica: a local copy, kept in step with a primary. The start never waits for a primary that does not
 * answer; without it, the copy of an earlier start is served.
 * @throws Error with a sentence for the operator when the primary is away and there is no copy that could be served
 * without it, or when there is a file that is no copy. DatabaseTooNewError.
 */
export async function openReplica(
  { url, authToken }: OpenOptions,
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
    const copy = await openClient({ url, readOnly: true }, hooks);
    const remote = await openClient({ url: syncUrl, authToken }, hooks);
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
  const copy = await openClient({ url, readOnly: true });
  try {
    return await isMigrated(createDatabase(copy));
  } finally {
    copy.close();
  }
}
