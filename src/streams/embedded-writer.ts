import type { Client, InStatement, ResultSet } from "@libsql/client";
import { closeClient, type OpenOptions, openClient } from "../db/open.ts";
import { insertMessages, insertStreams } from "./embedded-sql.ts";

/*
 * The worker thread that owns the write connection of the embedded buffer: an fsync of a slow SD card keeps
 * only this thread waiting. It decides nothing; embedded.ts says what is written.
 */

export type WriterRequest =
  | { kind: "open"; options: OpenOptions }
  /** Rows as JSON, since a flat object of strings crosses between threads fastest; only streams that are new. */
  | { kind: "append"; newStreams: string | undefined; messages: string }
  | { kind: "write"; statements: InStatement[] }
  | { kind: "close" };

/** Of each statement: its first row as an array of values, and how many rows it changed. */
export type WriterResult = { row: unknown[] | undefined; rowsAffected: number };

export type WriterReply = { results: WriterResult[] } | { error: string };

declare const self: Worker;

let client: Client | undefined;

async function handle(request: WriterRequest): Promise<WriterResult[]> {
  switch (request.kind) {
    case "open":
      client = await openClient(request.options);
      return [];
    case "append":
      return append(request.newStreams, request.messages);
    case "write":
      return write(request.statements);
    case "close":
      if (client) await closeClient(client);
      return [];
  }
}

/** Mostly one statement, which is a transaction of its own: this is the way of every sample. */
function append(newStreams: string | undefined, messages: string): Promise<WriterResult[]> {
  const insertion = insertMessages(messages);
  return write(newStreams === undefined ? [insertion] : [insertStreams(newStreams), insertion]);
}

async function write(statements: InStatement[]): Promise<WriterResult[]> {
  if (!client) throw new Error("The writer is not open.");
  const [only, ...others] = statements;
  const results =
    only && others.length === 0 ? [await client.execute(only)] : await client.batch(statements, "write");
  return results.map(toResult);
}

function toResult({ rows, rowsAffected }: ResultSet): WriterResult {
  const row = rows[0];
  return { row: row && Array.from({ length: row.length }, (_, index) => row[index]), rowsAffected };
}

self.onmessage = async ({ data }: MessageEvent<WriterRequest>) => {
  let reply: WriterReply;
  try {
    reply = { results: await handle(data) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
