import { setImmediate } from "node:timers/promises";
import {
  type Client,
  createClient,
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Transaction,
  type TransactionMode,
} from "@libsql/client";
import pLimit from "p-limit";

export type OpenOptions = {
  /** `file:…`, or a remote `libsql:`, `http:`, `https:` URL. */
  url: string;
  authToken?: string | undefined;
  durability: "full" | "relaxed";
  readOnly?: boolean;
};

/**
 * The one way in which this program opens a libSQL database. On a local file the client that comes back has
 * one connection with a first-come, first-served lock in front of it, because a SQLITE_BUSY inside the process
 * makes later writes of that connection report success and vanish.
 * @throws LibsqlError when the file cannot be opened.
 */
export async function openClient(options: OpenOptions): Promise<Client> {
  const { url, authToken } = options;
  if (!url.startsWith("file:")) return createClient({ url, ...(authToken && { authToken }) });
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

/** Waits for another process that holds the write lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/** How long local calls, which are synchronous under their promises, may keep the event loop from turning. */
const LONGEST_TURN_MS = 8;

async function setPragmas(client: Client, options: OpenOptions): Promise<void> {
  const pragmas = [
    `busy_timeout = ${BUSY_TIMEOUT_MS}`,
    "foreign_keys = ON",
    `synchronous = ${options.durability === "full" ? "FULL" : "NORMAL"}`,
    "cache_size = -8000",
    "temp_store = MEMORY",
    ...(options.readOnly ? ["query_only = ON"] : []),
  ];
  for (const pragma of pragmas) await client.execute(`PRAGMA ${pragma}`);
}

/**
 * Whether the connection is in doubt. After SQLITE_BUSY the failed statement stays active on it, and later
 * writes report success and are rolled back; a full disk or an I/O error is no safer. A broken constraint is.
 */
function isSuspect(error: unknown): boolean {
  return (
    error instanceof LibsqlError &&
    error.code.startsWith("SQLITE_") &&
    !error.code.startsWith("SQLITE_CONSTRAINT")
  );
}

class SerializedClient implements Client {
  readonly #client: Client;
  readonly #setPragmas: () => Promise<void>;
  readonly #lock = pLimit(1);
  #turnBegan = performance.now();

  constructor(client: Client, pragmas: () => Promise<void>) {
    this.#client = client;
    this.#setPragmas = pragmas;
  }

  get closed() {
    return this.#client.closed;
  }

  get protocol() {
    return this.#client.protocol;
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    return this.#alone(() =>
      typeof statement === "string" ? this.#client.execute(statement, args) : this.#client.execute(statement),
    );
  }

  batch(
    statements: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = "write",
  ): Promise<ResultSet[]> {
    return this.#alone(() => this.#client.batch(statements, mode));
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#alone(() => this.#client.migrate(statements));
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#alone(() => this.#client.executeMultiple(sql));
  }

  /** Holds the lock until the transaction is committed, rolled back or closed. Begins IMMEDIATE. */
  transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    const { promise, resolve, reject } = Promise.withResolvers<Transaction>();
    this.#alone(async () => {
      const settled = Promise.withResolvers<void>();
      const transaction = await this.#client.transaction(mode);
      resolve(releasing(transaction, settled.resolve));
      await settled.promise;
    }).catch(reject);
    return promise;
  }

  sync(): ReturnType<Client["sync"]> {
    return this.#alone(() => this.#client.sync());
  }

  async reconnect(): Promise<void> {
    await this.#alone(() => this.#reconnect());
  }

  close(): void {
    this.#client.close();
  }

  #alone<T>(operation: () => Promise<T>): Promise<T> {
    return this.#lock(async () => {
      if (performance.now() - this.#turnBegan > LONGEST_TURN_MS) {
        await setImmediate();
        this.#turnBegan = performance.now();
      }
      try {
        return await operation();
      } catch (error) {
        if (isSuspect(error)) await this.#reconnect();
        throw error;
      }
    });
  }

  async #reconnect(): Promise<void> {
    await this.#client.reconnect();
    await this.#setPragmas();
  }
}

/** The same transaction, with a call when it is over, however it ends. */
function releasing(transaction: Transaction, release: () => void): Transaction {
  const ending = async (end: () => Promise<void>) => {
    try {
      await end();
    } finally {
      transaction.close();
      release();
    }
  };
  return {
    execute: (statement: InStatement) => transaction.execute(statement),
    batch: (statements) => transaction.batch(statements),
    executeMultiple: (sql) => transaction.executeMultiple(sql),
    commit: () => ending(() => transaction.commit()),
    rollback: () => ending(async () => (transaction.closed ? undefined : transaction.rollback())),
    close: () => {
      transaction.close();
      release();
    },
    get closed() {
      return transaction.closed;
    },
  };
}
