import type { Client, InArgs, InStatement, TransactionMode } from "@libsql/client";
import { LibsqlError } from "@libsql/client/sqlite3";
import pLimit from "p-limit";
import { inTurnWithinTime } from "../time-limit.ts";
import { toError } from "./errors.ts";
import { holding } from "./serialized-client.ts";
import { withTimeLimit } from "./transaction-limit.ts";

/** How long one request to a remote database may take, and a whole transaction with the wait for its turn; in ms. */
const TIME_LIMIT_MS = 5000;

/** How long it may take to bring a database to a new schema, which is one request; in ms. An index over years of rides is much. */
const MIGRATION_LIMIT_MS = 300_000;

/** As good as no bound: calls that waited for each other would have to wait before their time begins to count. */
const CONCURRENCY = 10_000;

/**
 * Transactions at a time. Each takes one request after the other, and waits on the server for those before it: as many
 * as there may be requests at all would leave none for the one that they wait for.
 */
const MOST_TRANSACTIONS = 32;

/** Other calls at a time. Bun has 256 requests under way at most, of which a live buffer over HTTP needs its share. */
const MOST_CALLS = 64;

/** With these a proxy says that there is nobody behind it, or nobody who answers. */
const PROXY_ALONE = new Set([502, 503, 504]);

/** Codes of a server that does not speak TLS, or has a certificate that is not good. */
const NO_TLS = /^EPROTO$|CERT|SIGNATURE/;

/**
 * A client of a remote libSQL server, over HTTP. Loaded only where it is wanted: its protocol would make every start
 * slower. A server that is away or does not answer in time makes a call fail as one that cannot reach its store.
 */
export async function openRemote(url: string, authToken: string | undefined): Promise<Client> {
  const { createClient } = await import("@libsql/client/http");
  let closing = new AbortController();
  let limit = TIME_LIMIT_MS;
  const client = createClient({
    url,
    fetch: (request: Request) => ask(request, closing.signal, limit),
    concurrency: CONCURRENCY,
    ...(authToken && { authToken }),
  });
  const close = client.close.bind(client);
  const begin = client.transaction.bind(client);
  const execute = client.execute.bind(client);
  const batch = client.batch.bind(client);
  const migrate = client.migrate.bind(client);
  const transactions = pLimit(MOST_TRANSACTIONS);
  const calls = pLimit(MOST_CALLS);
  const reconnect = client.reconnect.bind(client);
  const late = () => {
    throw tooSlow();
  };
  const inTurn = <T>(work: () => Promise<T>) => inTurnWithinTime(calls, TIME_LIMIT_MS, late, work);
  return Object.assign(client, {
    execute: (statement: InStatement | string, args?: InArgs) =>
      inTurn(() => (typeof statement === "string" ? execute(statement, args) : execute(statement))),
    batch: (...options: Parameters<Client["batch"]>) => inTurn(() => batch(...options)),
    migrate(statements: InStatement[]) {
      limit = MIGRATION_LIMIT_MS;
      return migrate(statements).finally(() => {
        limit = TIME_LIMIT_MS;
      });
    },
    transaction(mode: TransactionMode = "write") {
      const transaction = holding(
        (work) => transactions(work),
        () => begin(mode),
        async () => {},
      );
      return withTimeLimit(transaction, TIME_LIMIT_MS, tooSlow);
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
    const { status } = await fetchInTime(new Request(httpAddress(url)), signal, TIME_LIMIT_MS);
    return !PROXY_ALONE.has(status);
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

async function ask(request: Request, closing: AbortSignal, limit: number): Promise<Response> {
  const response = await fetchInTime(request, closing, limit);
  const { status, ok } = response;
  const { host } = new URL(request.url);
  if (status === 401 || status === 403) {
    throw misconfigured(`The database server at ${host} refuses the token (HTTP status ${status}).`);
  }
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  if (status === 404 || (ok && !isJson)) {
    throw misconfigured(`What answers at ${host} is no database (HTTP status ${status}).`);
  }
  return response;
}

async function fetchInTime(request: Request, closing: AbortSignal, limit: number): Promise<Response> {
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(limit)]);
    const response = await fetch(request, { signal });
    // All of it here, since an answer that breaks off has not come.
    return new Response(await response.arrayBuffer(), response);
  } catch (cause) {
    throw unreachable(request, toError(cause));
  }
}

function tooSlow(): LibsqlError {
  return new LibsqlError("The remote database does not keep up.", "REMOTE_BUSY");
}

function unreachable({ url }: Request, cause: Error & { code?: unknown }): LibsqlError {
  const { host } = new URL(url);
  const code = String(cause.code);
  if (code === "ENOTFOUND") return misconfigured(`The database server's name ${host} is not known.`, cause);
  if (NO_TLS.test(code)) return misconfigured(`There is no TLS with the database server at ${host}.`, cause);
  const message = `The database server at ${host} cannot be reached.`;
  return new LibsqlError(message, "REMOTE_UNREACHABLE", undefined, undefined, cause);
}

/** What does not get better by waiting, since somebody has to change a setting. */
function misconfigured(message: string, cause?: Error): LibsqlError {
  return new LibsqlError(message, "REMOTE_MISCONFIGURED", undefined, undefined, cause);
}
