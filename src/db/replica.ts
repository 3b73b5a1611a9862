import type { Client, InArgs, InStatement, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import { withinTime } from "../time-limit.ts";
import { isStoreFailure } from "./errors.ts";
import { isRead } from "./statement.ts";
import type { Synchronizer } from "./synchronizer.ts";

/** How long a write waits, in ms, for the copy to have it; with a longer sync, reads go to the primary meanwhile. */
const LONGEST_WAIT_MS = 1000;

/** How long after a sync that failed the next one is tried, in ms. */
const RETRY_MS = 2000;

/**
 * A local copy of a remote database: reads are answered by the copy, writes and transactions go to the primary. Each
 * waits for the copy to have it, and where that takes long, reads go to the primary until it does: whoever has written
 * reads what was written.
 *
 * While the primary is away, writes fail, and reads are answered as of the last sync. If the copy is known to lack an
 * acknowledged write then, the rows that it has are still answered, so that a ride goes on; but that it has none says
 * nothing, and is a failure: a session just begun is not refused, nor a ride denied that was just started.
 */
export class ReplicaClient implements Client {
  readonly #copy: Client;
  readonly #primary: Client;
  readonly #synchronizer: Synchronizer;
  readonly #syncMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Writes done, and how many of them the copy is known to have. */
  #written = 0;
  #copied = 0;
  /** When the primary last answered, and when the last read began that it left without an answer. */
  #answered = 0;
  #unanswered = 0;

  /** @param syncSeconds how often the copy is brought in step with what others write */
  constructor(copy: Client, primary: Client, synchronizer: Synchronizer, syncSeconds: number) {
    this.#copy = copy;
    this.#primary = primary;
    this.#synchronizer = synchronizer;
    this.#syncMs = syncSeconds * 1000;
    this.#syncLater();
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
    return isRead(statement) ? this.#read(on) : this.#writing(() => on(this.#primary));
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
    const written = this.#written;
    try {
      await this.#synchronizer.sync();
      this.#copied = Math.max(this.#copied, written);
    } finally {
      this.#syncLater();
    }
  }

  async reconnect(): Promise<void> {
    await this.#primary.reconnect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#synchronizer.close();
    this.#copy.close();
    this.#primary.close();
  }

  get #isWhole(): boolean {
    return this.#copied === this.#written;
  }

  /** Whether the primary has not answered anything since it was asked for what it did not answer. */
  get #isSilent(): boolean {
    return this.#unanswered > Math.max(this.#answered, this.#synchronizer.answered);
  }

  async #read(on: (client: Client) => Promise<ResultSet>): Promise<ResultSet> {
    return (await this.#readCopy(on)) ?? this.#readPrimary(on);
  }

  /** All that is asked for if the copy lacks nothing; while the primary is silent, the rows that there are, if any. */
  async #readCopy(on: (client: Client) => Promise<ResultSet>): Promise<ResultSet | undefined> {
    const isWhole = this.#isWhole;
    if (!isWhole && !this.#isSilent) return undefined;
    const result = await on(this.#copy);
    return isWhole || result.rows.length > 0 ? result : undefined;
  }

  async #readPrimary(on: (client: Client) => Promise<ResultSet>): Promise<ResultSet> {
    const asked = performance.now();
    try {
      const result = await on(this.#primary);
      this.#answered = performance.now();
      return result;
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      this.#unanswered = Math.max(this.#unanswered, asked);
      const copied = await this.#readCopy(on);
      if (copied) return copied;
      throw error;
    }
  }

  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      this.#answered = performance.now();
      this.#written += 1;
      await withinTime(this.#catchUp(), LONGEST_WAIT_MS, () => {});
      return result;
    } catch (error) {
      // What it refuses it may refuse for something that the copy does not have yet.
      if (!isStoreFailure(error)) this.#written += 1;
      // Also after a failure, of which it may not be known whether the write was done.
      this.#catchUp();
      throw error;
    }
  }

  /** What fails is told of by the synchronizer, and tried again. */
  async #catchUp(): Promise<void> {
    await this.sync().catch(() => {});
  }

  #syncLater(): void {
    clearTimeout(this.#timer);
    if (this.closed) return;
    const wait = this.isInStep ? this.#syncMs : Math.min(this.#syncMs, RETRY_MS);
    this.#timer = setTimeout(() => this.#catchUp(), wait);
    this.#timer.unref();
  }
}
