import { type Connection, type ConnectionOptions, openConnection, type Statement } from "../db/connection.ts";
import { noteGarbage } from "../memory.ts";
import { insertMessages, insertStreams } from "./embedded-sql.ts";

/** What came over leaves about so many times its characters behind, in bytes. */
const CHARACTER_BYTES = 4;

/** The write connection of the embedded buffer, wherever it runs. Decides nothing; embedded.ts says what is written. */
export function createWriteConnection() {
  let connection: Connection | undefined;

  function write({ statements }: { statements: Statement[] }) {
    if (!connection) throw new Error("The writer is not open.");
    return connection.run(statements);
  }

  return {
    open(options: ConnectionOptions): void {
      connection = openConnection(options);
    },
    /** Rows as JSON, since that crosses between threads fastest; only streams that are new. */
    append({ newStreams, messages }: { newStreams: string | undefined; messages: string }) {
      // Mostly one statement, which is a transaction of its own: this is the way of every sample.
      const insertion = insertMessages(messages);
      const results = write({
        statements: newStreams === undefined ? [insertion] : [insertStreams(newStreams), insertion],
      });
      noteGarbage(messages.length * CHARACTER_BYTES);
      return results;
    },
    write,
    /** One of the pragmas that `write` does not run to their end. */
    execute({ sql }: { sql: string }): void {
      connection?.exec(sql);
    },
    close(): void {
      connection?.close();
    },
  };
}

export type WriteConnection = ReturnType<typeof createWriteConnection>;
