import {
  type Client,
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Transaction,
  type TransactionMode,
} from "@libsql/client/sqlite3";
import {
  type ThreadReply,
  type ThreadRequest,
  type ThreadStatement,
  unpackError,
  unpackResult,
} from "./thread-messages.ts";

/**
 * A client whose one connection is in a thread of its own, which the first call starts. As with any of one connection,
 * nothing else may be asked of it during a transaction; requests go one at a time.
 */
export class ThreadClient implements Client {
  readonly protocol = "file";
  closed = false;
  readonly #path: string;
  #thread: Thread | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether it has been asked for anything. */
  get isStarted(): boolean {
    return this.#thread !== undefined;
  }

  /** Resolves when the thread has done all that it was asked for, be it that nobody waits for it any more. */
  async settled(): Promise<void> {
    await this.#last.catch(() => {});
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const [result] = await this.#ask({ kind: "execute", statement: statementOf(statement, args) });
    if (!result) throw new Error("The thread gave no result.");
    return result;
  }

  batch(
    statements: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = "write",
  ): Promise<ResultSet[]> {
    return this.#ask({
      kind: "batch",
      statements: statements.map((statement) => statementOf(statement)),
      mode,
    });
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#ask({ kind: "migrate", statements });
  }

  async executeMultiple(sql: string): Promise<void> {
    await this.#ask({ kind: "executeMultiple", sql });
  }

  async transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    await this.#ask({ kind: "begin", mode });
    let closed = false;
    const end = async (kind: "commit" | "rollback") => {
      if (closed) throw new LibsqlError("The transaction is closed", "TRANSACTION_CLOSED");
      closed = true;
      await this.#ask({ kind });
    };
    const whileOpen = <T>(work: () => Promise<T>): Promise<T> =>
      closed ? Promise.reject(new LibsqlError("The transaction is closed", "TRANSACTION_CLOSED")) : work();
    return {
      execute: (statement: InStatement) => whileOpen(() => this.execute(statement)),
      batch: (statements) => whileOpen(() => this.batch(statements)),
      executeMultiple: (sql) => whileOpen(() => this.executeMultiple(sql)),
      commit: () => end("commit"),
      rollback: () => end("rollback"),
      close() {
        // What cannot be rolled back is, as its connection is made anew or closed.
        if (!closed) end("rollback").catch(() => {});
      },
      get closed() {
        return closed;
      },
    };
  }

  sync(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async reconnect(): Promise<void> {
    this.closed = false;
    await this.#ask({ kind: "reconnect" });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // Not while it is at something, which could end the process.
    this.#inTurn(async () => {
      const thread = this.#thread;
      this.#thread = undefined;
      await thread?.send({ kind: "close" });
      thread?.terminate();
    }).catch(() => {});
  }

  #ask(request: ThreadRequest): Promise<ResultSet[]> {
    if (this.closed) return Promise.reject(new LibsqlError("The client is closed", "CLIENT_CLOSED"));
    return this.#inTurn(async () => {
      this.#thread ??= await startThread(this.#path);
      try {
        return await this.#thread.send(request);
      } finally {
        // The next call starts another.
        if (this.#thread?.hasEnded) this.#thread = undefined;
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done;
    return done;
  }
}

type Thread = {
  /** One at a time. */
  send(request: ThreadRequest): Promise<ResultSet[]>;
  readonly hasEnded: boolean;
  terminate(): void;
};

/** Resolves once it has opened the file. */
async function startThread(path: string): Promise<Thread> {
  // The build script of the binary names this file as an entry point beside main.ts.
  const worker = new Worker(new URL("./database-thread.ts", import.meta.url).href);
  let pending: PromiseWithResolvers<ResultSet[]> | undefined;
  let hasEnded = false;
  const die = (message: string) => {
    hasEnded = true;
    pending?.reject(new LibsqlError(message, "SQLITE_INTERNAL"));
  };
  worker.onmessage = ({ data }: MessageEvent<ThreadReply>) => {
    if ("error" in data) pending?.reject(unpackError(data.error));
    else pending?.resolve(data.results.map(unpackResult));
  };
  worker.onerror = ({ message }) => die(`The thread of the database failed: ${message}`);
  worker.addEventListener("close", () => die("The thread of the database has ended."));
  const thread: Thread = {
    send(request) {
      pending = Promise.withResolvers();
      // What is bound is copied: it is the caller's, who may need it again.
      worker.postMessage(request);
      return pending.promise;
    },
    get hasEnded() {
      return hasEnded;
    },
    terminate: () => worker.terminate(),
  };
  await thread.send({ kind: "open", path }).catch((error) => {
    worker.terminate();
    throw error;
  });
  return thread;
}

function statementOf(statement: InStatement | [string, InArgs?], args: InArgs = []): ThreadStatement {
  if (typeof statement === "string") return { sql: statement, args };
  if (Array.isArray(statement)) return { sql: statement[0], args: statement[1] ?? [] };
  return { sql: statement.sql, args: statement.args ?? [] };
}
