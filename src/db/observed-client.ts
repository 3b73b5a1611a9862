import type { Client, InArgs, InStatement, ResultSet, Transaction, TransactionMode } from "@libsql/client";

/**
 * Told of each query that has run, a transaction as one: its statements without their values, how long it waited for
 * those before it, where that is known, and how long it ran, in ms. A transaction also runs between its statements.
 */
export type QueryObserver = (query: { statement: () => string; waited?: number; ran: number }) => void;

type Statement = InStatement | string | [string, InArgs?];

/** A client that tells how long its queries take. */
export class ObservedClient implements Client {
  readonly #client: Client;
  readonly #observe: QueryObserver;

  constructor(client: Client, observe: QueryObserver) {
    this.#client = client;
    this.#observe = observe;
  }

  get closed() {
    return this.#client.closed;
  }

  get protocol() {
    return this.#client.protocol;
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    return this.#timed([statement], () =>
      typeof statement === "string" ? this.#client.execute(statement, args) : this.#client.execute(statement),
    );
  }

  batch(statements: (InStatement | [string, InArgs?])[], mode?: TransactionMode): Promise<ResultSet[]> {
    return this.#timed(statements, () => this.#client.batch(statements, mode));
  }

  /** Not told of: it takes as long as it takes, once. */
  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#client.migrate(statements);
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#timed([sql], () => this.#client.executeMultiple(sql));
  }

  async transaction(mode?: TransactionMode): Promise<Transaction> {
    const statements: Statement[] = ["BEGIN"];
    const over = this.#stopwatch(statements);
    try {
      return noting(await this.#client.transaction(mode), statements, over);
    } catch (error) {
      over();
      throw error;
    }
  }

  sync(): ReturnType<Client["sync"]> {
    return this.#client.sync();
  }

  async reconnect(): Promise<void> {
    await this.#client.reconnect();
  }

  close(): void {
    this.#client.close();
  }

  async #timed<T>(statements: readonly Statement[], run: () => Promise<T>): Promise<T> {
    const over = this.#stopwatch(statements);
    try {
      return await run();
    } finally {
      over();
    }
  }

  /** Begins now; the function that comes back is called when it is over, and does nothing when called again. */
  #stopwatch(statements: readonly Statement[]): () => void {
    const began = performance.now();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#observe({ statement: () => textOf(statements), ran: performance.now() - began });
    };
  }
}

/** The same transaction, with its statements added to those given, and a call when it is over. */
function noting(transaction: Transaction, statements: Statement[], over: () => void): Transaction {
  const note = (...added: Statement[]) => void statements.push(...added);
  return {
    execute(statement: InStatement) {
      note(statement);
      return transaction.execute(statement);
    },
    batch(batch) {
      note(...batch);
      return transaction.batch(batch);
    },
    executeMultiple(sql) {
      note(sql);
      return transaction.executeMultiple(sql);
    },
    commit() {
      note("COMMIT");
      return transaction.commit().finally(over);
    },
    rollback() {
      note("ROLLBACK");
      return transaction.rollback().finally(over);
    },
    close() {
      transaction.close();
      over();
    },
    get closed() {
      return transaction.closed;
    },
  };
}

/** Each text once: the rows of one table often go in one by one. */
function textOf(statements: readonly Statement[]): string {
  const texts = statements.map((statement) => {
    if (typeof statement === "string") return statement;
    return Array.isArray(statement) ? statement[0] : statement.sql;
  });
  return [...new Set(texts)].join("; ").replace(/\s+/g, " ");
}
