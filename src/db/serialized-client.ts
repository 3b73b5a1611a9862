import {
  type Client,
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Transaction,
  type TransactionMode,
} from "@libsql/client/sqlite3";
import pLimit from "p-limit";
import { inTurnWithinTime } from "../time-limit.ts";
import { isSuspect } from "./suspect.ts";
import { withTimeLimit } from "./transaction-limit.ts";
import { createTurns } from "./turn.ts";

/** So many calls at a time, where there is a limit to their time: more are refused at once. */
const MOST_WAITING = 1000;

export type SerializedOptions = {
  /** Called before each call, which is then alone until it is over, with the ms that it has waited. */
  onTurn: (waited: number) => void;
  /** Told of errors that are not a statement's own. */
  onSuspect: (error: unknown) => void;
  /** How long a call may take with its wait, and a transaction in all, in ms. Migrations and scripts take what they take. */
  limitMs?: number | undefined;
  /** What a connection made anew needs, where it does not see to that itself. */
  setPragmas?: () => Promise<void>;
  /** Resolves when the connection is at nothing, be it that what it was at is not waited for any more. */
  settled?: () => Promise<void>;
};

/**
 * A client of one connection with a first-come, first-served lock in front, so that nothing in the process meets BUSY.
 * What has a limit and is late fails: if it was waiting it is not begun, else what comes of it is not known.
 */
export class SerializedClient implements Client {
  readonly #client: Client;
  readonly #options: SerializedOptions;
  readonly #lock = pLimit(1);
  readonly #turn = createTurns();
  #inDoubt = false;

  constructor(client: Client, options: SerializedOptions) {
    this.#client = client;
    this.#options = options;
  }

  get closed() {
    return this.#client.closed;
  }

  get protocol() {
    return this.#client.protocol;
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    return this.#inTime(() =>
      typeof statement === "string" ? this.#client.execute(statement, args) : this.#client.execute(statement),
    );
  }

  batch(
    statements: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = "write",
  ): Promise<ResultSet[]> {
    return this.#inTime(() => this.#client.batch(statements, mode));
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#inTurn(() => this.#client.migrate(statements));
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#inTurn(() => this.#client.executeMultiple(sql));
  }

  /** Holds the lock until the transaction is committed, rolled back or closed. Begins IMMEDIATE. */
  async transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    const { limitMs } = this.#options;
    if (limitMs !== undefined) this.#requireRoom();
    const transaction = holding(
      (work) => this.#lock(() => this.#alone(performance.now(), work)),
      () => this.#client.transaction(mode),
      (error) => this.#recover(error),
    );
    return limitMs === undefined ? transaction : withTimeLimit(transaction, limitMs, tooSlow);
  }

  sync(): ReturnType<Client["sync"]> {
    return this.#inTurn(() => this.#client.sync());
  }

  async reconnect(): Promise<void> {
    await this.#inTurn(() => this.#reconnect());
  }

  close(): void {
    this.#client.close();
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const asked = performance.now();
    return this.#lock(() => this.#alone(asked, operation));
  }

  async #inTime<T>(operation: () => Promise<T>): Promise<T> {
    const { limitMs } = this.#options;
    if (limitMs === undefined) return this.#inTurn(operation);
    this.#requireRoom();
    const asked = performance.now();
    const late = () => {
      throw tooSlow();
    };
    return inTurnWithinTime(this.#lock, limitMs, late, () => this.#alone(asked, operation));
  }

  /** What is late and waits still takes up room until its turn has come. */
  #requireRoom(): void {
    if (this.#lock.pendingCount >= MOST_WAITING) throw tooSlow();
  }

  async #alone<T>(asked: number, operation: () => Promise<T>): Promise<T> {
    await this.#turn();
    this.#options.onTurn(performance.now() - asked);
    if (this.#inDoubt && !this.closed) await this.#reconnect();
    try {
      return await operation();
    } catch (error) {
      if (isSuspect(error)) await this.#recover(error);
      throw error;
    } finally {
      await this.#options.settled?.();
    }
  }

  /** If it does not work, as on a full disk, the next call tries again: none is made on a connection in doubt. */
  async #recover(error: unknown): Promise<void> {
    this.#options.onSuspect(error);
    this.#inDoubt = true;
    await this.#reconnect().catch(() => {});
  }

  async #reconnect(): Promise<void> {
    await this.#client.reconnect();
    await this.#options.setPragmas?.();
    this.#inDoubt = false;
  }
}

function tooSlow(): LibsqlError {
  return new LibsqlError("The disk of the database does not keep up.", "DATABASE_BUSY");
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
