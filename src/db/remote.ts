import type { Client, TransactionMode } from "@libsql/client";
import { LibsqlError } from "@libsql/client/sqlite3";
import pLimit from "p-limit";
import { toError } from "./errors.ts";
import { holding } from "./serialized-client.ts";

/** How long one request to a remote database may take, in ms. */
const TIME_LIMIT_MS = 5000;

/** As good as no bound: calls that waited for each other would have to wait before their time begins to count. */
const CONCURRENCY = 10_000;

/**
 * Transactions at a time. Each takes one request after the other, and waits on the server for those before it: as many
 * as there may be requests at all would leave none for the one that they wait for.
 */
const MOST_TRANSACTIONS = 32;
/** How long a transaction may wait for its turn, in ms. */
const LONGEST_TURN_MS = TIME_LIMIT_MS - 500;

/**
 * A client of a remote libSQL server, over HTTP. Loaded only where it is wanted: its protocol would make every start
 * slower. A server that is away or does not answer in time makes a call fail as one that cannot reach its store.
 */
export async function openRemote(url: string, authToken: string | undefined): Promise<Client> {
  const { createClient } = await import("@libsql/client/http");
  let closing = new AbortController();
  const client = createClient({
    url,
    fetch: (request: Request) => ask(request, closing.signal),
    concurrency: CONCURRENCY,
    ...(authToken && { authToken }),
  });
  const close = client.close.bind(client);
  const begin = client.transaction.bind(client);
  const transactions = pLimit(MOST_TRANSACTIONS);
  const reconnect = client.reconnect.bind(client);
  return Object.assign(client, {
    transaction(mode: TransactionMode = "write") {
      const asked = performance.now();
      const beginInTime = async () => {
        // Whose turn has come too late would wait for as long again.
        if (performance.now() - asked > LONGEST_TURN_MS) throw busy();
        return begin(mode);
      };
      return holding(
        (work) => transactions(work),
        beginInTime,
        async () => {},
      );
    },
    close() {
      close();
      // Its own close lets requests run on, and with them the process.
      closing.abort();
    },
    reconnect() {
      closing = new AbortController();
      return reconnect();
    },
  });
}

/** Whether a server answers at this address at all, be it by refusing. */
export async function isReachable(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await fetchInTime(new Request(httpAddress(url)), signal);
    return true;
  } catch {
    return false;
  }
}

/** The address without what may be secret in it. */
export function publicAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** What the client makes of an address: `libsql:` is `https:` unless it says otherwise. */
function httpAddress(url: string): string {
  const [address = url, parameters = ""] = url.split("?");
  return address.replace(/^libsql:/, parameters.split("&").includes("tls=0") ? "http:" : "https:");
}

async function ask(request: Request, closing: AbortSignal): Promise<Response> {
  const response = await fetchInTime(request, closing);
  if (!response.ok || response.headers.get("Content-Type")?.startsWith("application/json")) return response;
  throw unreachable(request, new Error("Something else answers at its address."));
}

async function fetchInTime(request: Request, closing: AbortSignal): Promise<Response> {
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(TIME_LIMIT_MS)]);
    const response = await fetch(request, { signal });
    // All of it here, since an answer that breaks off has not come.
    return new Response(await response.arrayBuffer(), response);
  } catch (cause) {
    throw unreachable(request, toError(cause));
  }
}

function busy(): LibsqlError {
  return new LibsqlError("The remote database does not keep up.", "REMOTE_BUSY");
}

function unreachable({ url }: Request, cause: Error): LibsqlError {
  const message = `The database server at ${new URL(url).host} cannot be reached.`;
  return new LibsqlError(message, "REMOTE_UNREACHABLE", undefined, undefined, cause);
}
