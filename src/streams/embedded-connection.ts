import type { Client, InStatement, ResultSet } from "@libsql/client";
import { closeClient, type OpenOptions, openClient } from "../db/open.ts";
import { insertMessages, insertStreams } from "./embedded-sql.ts";

export type WriterRequest =
  | { kind: "open"; options: OpenOptions }
  /** Rows as JSON, since a flat object of strings crosses between threads fastest; only streams that are new. */
  | { kind: "append"; newStreams: string | undefined; messages: string }
  | { kind: "write"; statements: InStatement[] }
  | { kind: "close" };

/** Of each statement: its first row as an array of values, and how many rows it changed. */
export type WriterResult = { row: unknown[] | undefined; rowsAffected: number };

/** The write connection of the embedded buffer, wherever it runs. Decides nothing; embedded.ts says what is written. */
export function createWriteConnection(): (request: WriterRequest) => Promise<WriterResult[]> {
  let client: Client | undefined;

  async function write(statements: InStatement[]): Promise<WriterResult[]> {
    if (!client) throw new Error("The writer is not open.");
    const [only, ...others] = statements;
    const results =
      only && others.length === 0 ? [await client.execute(only)] : await client.batch(statements, "write");
    return results.map(toResult);
  }

  return async (request) => {
    switch (request.kind) {
      case "open":
        client = await openClient(request.options);
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
      case "close":
        if (client) await closeClient(client);
        return [];
    }
  };
}

function toResult({ rows, rowsAffected }: ResultSet): WriterResult {
  const row = rows[0];
  return { row: row && Array.from({ length: row.length }, (_, index) => row[index]), rowsAffected };
}
