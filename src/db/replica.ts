import type { Client, InArgs, InStatement, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import { isStoreFailure } from "./errors.ts";
import { PrimaryAwayError, type Synchronizer } from "./synchronizer.ts";

const READ = /^\s*select\b/i;

/**
 * A local copy of a remote database: reads are answered by the copy, writes and transactions go to the primary. After
 * each the copy is brought in step, and until it is, reads go to the primary too: whoever has written reads what was
 * written. While the primary is away, reads are answered as of the last sync, and writes fail.
 */
export class ReplicaClient implements Client {
  readonly #copy: Client;
  readonly #primary: Client;
  readonly #synchronizer: Synchronizer;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Writes done, and how many of them the copy is known to have. */
  #written = 0;
  #copied = 0;

  /** @param syncSeconds how often the copy is brought in step with what others write */
  constructor(copy: Client, primary: Client, synchronizer: Synchronizer, syncSeconds: number) {
    this.#copy = copy;
    this.#primary = primary;
    this.#synchronizer = synchronizer;
    this.#timer = setInterval(() => this.#catchUp(), syncSeconds * 1000);
    this.#timer.unref();
  }

  get closed() {
    return this.#primary.closed;
  }

  get protocol() {
    return this.#primary.protocol;
  }

  /** Whether the copy could be brought in step when that was last tried. */
  get isInStep(): boolean {
    return this.#synchronizer.isInStep;
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const on = (client: Client) =>
      typeof statement === "string" ? client.execute(statement, args) : client.execute(statement);
    const isRead = READ.test(typeof statement === "string" ? statement : statement.sql);
    if (!isRead) return this.#writing(() => on(this.#primary));
    if (this.#copied === this.#written) return on(this.#copy);
    return on(this.#primary).catch((error) => {
      if (!isStoreFailure(error)) throw error;
      this.#readCopy(this.#written);
      return on(this.#copy);
    });
  }

  batch(
    statements: (InStatement | [string, InArgs?])[],
    mode: TransactionMode = "write",
  ): Promise<ResultSet[]> {
    return this.#writing(() => this.#primary.batch(statements, mode));
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#writing(() => this.#primary.migrate(statements));
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#writing(() => this.#primary.executeMultiple(sql));
  }

  async transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    const transaction = await this.#primary.transaction(mode);
    const commit = transaction.commit.bind(transaction);
    transaction.commit = () => this.#writing(commit);
    return transaction;
  }

  async sync(): Promise<undefined> {
    await this.#synchronizer.sync();
  }

  async reconnect(): Promise<void> {
    await this.#primary.reconnect();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#synchronizer.close();
    this.#copy.close();
    this.#primary.close();
  }

  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      this.#written += 1;
      return result;
    } catch (error) {
      // What it refuses it may refuse for something that the copy does not have yet.
      if (!isStoreFailure(error)) this.#written += 1;
      throw error;
    } finally {
      // Also after a failure, of which it may not be known whether the write was done.
      this.#catchUp();
    }
  }

  #catchUp(): void {
    const written = this.#written;
    this.#synchronizer.sync().then(
      () => this.#readCopy(written),
      (error) => {
        if (error instanceof PrimaryAwayError) this.#readCopy(written);
      },
    );
  }

  /** From now on, as far as so many writes go: they are in it, or the primary is away, and there is nothing newer to be had. */
  #readCopy(written: number): void {
    this.#copied = Math.max(this.#copied, written);
  }
}
