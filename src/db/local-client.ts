import type { Client, InArgs, InStatement, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import { isRead } from "./statement.ts";

/**
 * A local file: what only reads is answered here, by a connection of its own, which write-ahead logging lets run beside
 * the writer; all else, transactions with what they read included, is the writer's.
 */
export class LocalClient implements Client {
  readonly #reader: Client;
  readonly #writer: Client;
  readonly #fold: () => Promise<void>;

  /** @param fold folds the write-ahead log into the file, if the writer has written anything */
  constructor(reader: Client, writer: Client, fold: () => Promise<void>) {
    this.#reader = reader;
    this.#writer = writer;
    this.#fold = fold;
  }

  get closed() {
    return this.#writer.closed;
  }

  get protocol() {
    return this.#writer.protocol;
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const client = isRead(statement) ? this.#reader : this.#writer;
    return typeof statement === "string" ? client.execute(statement, args) : client.execute(statement);
  }

  batch(statements: (InStatement | [string, InArgs?])[], mode?: TransactionMode): Promise<ResultSet[]> {
    return this.#writer.batch(statements, mode);
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#writer.migrate(statements);
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#writer.executeMultiple(sql);
  }

  transaction(mode?: TransactionMode): Promise<Transaction> {
    return this.#writer.transaction(mode);
  }

  sync(): ReturnType<Client["sync"]> {
    return this.#writer.sync();
  }

  async reconnect(): Promise<void> {
    await this.#reader.reconnect();
    await this.#writer.reconnect();
  }

  /** To be called ahead of `close`, which does not do it. */
  fold(): Promise<void> {
    return this.#fold();
  }

  close(): void {
    this.#reader.close();
    this.#writer.close();
  }
}
