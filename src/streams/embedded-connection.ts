import {
  type Connection,
  type ConnectionOptions,
  openConnection,
  type Statement,
  type StatementResult,
} from "../db/connection.ts";
import { insertMessages, insertStreams } from "./embedded-sql.ts";

export type WriterRequest =
  | { kind: "open"; options: ConnectionOptions }
  /** Rows as JSON, since a flat object of strings crosses between threads fastest; only streams that are new. */
  | { kind: "append"; newStreams: string | undefined; messages: string }
  | { kind: "write"; statements: Statement[] }
  /** Of the pragmas that `write` does not run to their end. */
  | { kind: "execute"; sql: string }
  | { kind: "close" };

/** The write connection of the embedded buffer, wherever it runs. Decides nothing; embedded.ts says what is written. */
export function createWriteConnection(): (request: WriterRequest) => StatementResult[] {
  let connection: Connection | undefined;

  function write(statements: Statement[]): StatementResult[] {
    if (!connection) throw new Error("The writer is not open.");
    return connection.run(statements);
  }

  return (request) => {
    switch (request.kind) {
      case "open":
        connection = openConnection(request.options);
        return [];
      case "append": {
        // Mostly one statement, which is a transaction of its own: this is the way of every sample.
        const insertion = insertMessages(request.messages);
        return write(
          request.newStreams === undefined ? [insertion] : [insertStreams(request.newStreams), insertion],
        );
      }
      case "write":
        return write(request.statements);
      case "execute":
        connection?.exec(request.sql);
        return [];
      case "close":
        connection?.close();
        return [];
    }
  };
}
