import {
  type Client,
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Transaction,
  type TransactionMode,
} from "@libsql/client/sqlite3";
import { Thread } from "../thread.ts";
import type { DatabaseService } from "./database-thread.ts";
import { type ThreadStatement, unpackError, unpackResult } from "./thread-messages.ts";

type DatabaseThread = Thread<DatabaseService>;

/**
 * A client whose one connection is in a thread of its own, which the first call starts. As with any of one connection,
 * nothing else may be asked of it during a transaction; requests go one at a time.
 */
export class ThreadClient implements Client {
  readonly protocol = "file";
  closed = false;
  readonly #path: string;
  #thread: DatabaseThread | undefined;
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
    // What is bound is copied: it is the caller's, who may need it again.
    return unpackResult(await this.#ask("execute", statementOf(statement, args)));
  }

  async batch(
    statements: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = "write",
  ): Promise<ResultSet[]> {
    const request = { statements: statements.map((statement) => statementOf(statement)), mode };
    return (await this.#ask("batch", request)).map(unpackResult);
  }

  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return (await this.#ask("migrate", { statements })).map(unpackResult);
  }

  async executeMultiple(sql: string): Promise<void> {
    await this.#ask("executeMultiple", { sql });
  }

  async transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    await this.#ask("begin", { mode });
    let closed = false;
    const end = async (kind: "commit" | "rollback") => {
      if (closed) throw new LibsqlError("The transaction is closed", "TRANSACTION_CLOSED");
      closed = true;
      await this.#ask(kind);
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
    await this.#ask("reconnect");
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // Not while it is at something, which could end the process.
    this.#inTurn(async () => {
      const thread = this.#thread;
      this.#thread = undefined;
      await thread?.call("close");
      thread?.terminate();
    }).catch(() => {});
  }

  #ask<Name extends keyof DatabaseService>(
    name: Name,
    ...request: Parameters<DatabaseService[Name]>
  ): Promise<Awaited<ReturnType<DatabaseService[Name]>>> {
    if (this.closed) return Promise.reject(new LibsqlError("The client is closed", "CLIENT_CLOSED"));
    const answer = this.#inTurn(async () => {
      this.#thread ??= await startThread(this.#path);
      return this.#thread.call(name, ...request).finally(() => {
        // The next call starts another.
        if (this.#thread?.failure) this.#thread = undefined;
      });
    });
    return answer as Promise<Awaited<ReturnType<DatabaseService[Name]>>>;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done;
    return done;
  }
}

/** Resolves once it has opened the file. */
async function startThread(path: string): Promise<DatabaseThread> {
  // The build script of the binary names this file as an entry point beside main.ts.
  const file = new URL("./database-thread.ts", import.meta.url);
  const thread: DatabaseThread = new Thread(file, {
    title: "The thread of the database",
    unpackError,
    failureCode: "SQLITE_INTERNAL",
  });
  await thread.call("open", { path }).catch((error) => {
    thread.terminate();
    throw error;
  });
  return thread;
}

function statementOf(statement: InStatement | [string, InArgs?], args: InArgs = []): ThreadStatement {
  if (typeof statement === "string") return { sql: statement, args };
  if (Array.isArray(statement)) return { sql: statement[0], args: statement[1] ?? [] };
  return { sql: statement.sql, args: statement.args ?? [] };
}
