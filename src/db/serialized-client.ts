import type { Client, InArgs, InStatement, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import pLimit from "p-limit";
import { isSuspect } from "./suspect.ts";
import { createTurns } from "./turn.ts";

/** A client of one connection with a first-come, first-served lock in front, so that nothing in the process meets BUSY. */
export class SerializedClient implements Client {
  readonly #client: Client;
  readonly #setPragmas: () => Promise<void>;
  readonly #onTurn: (waited: number) => void;
  readonly #onSuspect: (error: unknown) => void;
  readonly #lock = pLimit(1);
  readonly #turn = createTurns();
  #inDoubt = false;

  /**
   * @param hooks `onTurn` is called before each call, which is then alone until it is over, with the ms that it has
   * waited; `onSuspect` with errors that are not a statement's own
   */
  constructor(
    client: Client,
    pragmas: () => Promise<void>,
    { onTurn, onSuspect }: { onTurn: (waited: number) => void; onSuspect: (error: unknown) => void },
  ) {
    this.#client = client;
    this.#setPragmas = pragmas;
    this.#onTurn = onTurn;
    this.#onSuspect = onSuspect;
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
    const begin = () => this.#client.transaction(mode);
    return holding(
      (work) => this.#alone(work),
      begin,
      (error) => this.#recover(error),
    );
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
    const asked = performance.now();
    return this.#lock(async () => {
      await this.#turn();
      this.#onTurn(performance.now() - asked);
      if (this.#inDoubt && !this.closed) await this.#reconnect();
      try {
        return await operation();
      } catch (error) {
        if (isSuspect(error)) await this.#recover(error);
        throw error;
      }
    });
  }

  /** If it does not work, as on a full disk, the next call tries again: none is made on a connection in doubt. */
  async #recover(error: unknown): Promise<void> {
    this.#onSuspect(error);
    this.#inDoubt = true;
    await this.#reconnect().catch(() => {});
  }

  async #reconnect(): Promise<void> {
    await this.#client.reconnect();
    await this.#setPragmas();
    this.#inDoubt = false;
  }
}

/**
 * Begins a transaction inside `lock` and stays there until it is over, however it ends. `recover` is called, still
 * inside, with the error that has put its connection in doubt.
 */
export function holding(
  lock: (work: () => Promise<void>) => Promise<void>,
  begin: () => Promise<Transaction>,
  recover: (error: unknown) => Promise<void>,
): Promise<Transaction> {
  const { promise, resolve, reject } = Promise.withResolvers<Transaction>();
  lock(async () => {
    const settled = Promise.withResolvers<void>();
    const watched = watchedTransaction(await begin(), settled.resolve);
    resolve(watched.transaction);
    await settled.promise;
    const suspect = watched.suspect();
    if (suspect !== undefined) await recover(suspect);
  }).catch(reject);
  return promise;
}

/** The same transaction, with a call when it is over, however it ends, and the error that puts its connection in doubt. */
function watchedTransaction(transaction: Transaction, release: () => void) {
  let suspect: unknown;
  const watch = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isSuspect(error)) suspect ??= error;
      throw error;
    }
  };
  const close = () => {
    transaction.close();
    release();
  };
  const ending = (end: () => Promise<void>) => watch(end).finally(close);
  const watched: Transaction = {
    execute: (statement: InStatement) => watch(() => transaction.execute(statement)),
    batch: (statements) => watch(() => transaction.batch(statements)),
    executeMultiple: (sql) => watch(() => transaction.executeMultiple(sql)),
    commit: () => ending(() => transaction.commit()),
    rollback: () => ending(async () => (transaction.closed ? undefined : transaction.rollback())),
    close,
    get closed() {
      return transaction.closed;
    },
  };
  return { transaction: watched, suspect: () => suspect };
}
