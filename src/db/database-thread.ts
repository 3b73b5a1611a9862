import { type Client, createClient, type ResultSet, type Transaction } from "@libsql/client/sqlite3";
import { BUSY_TIMEOUT_MS } from "./busy-timeout.ts";
import { fileUrl, pragmas } from "./connection.ts";
import { blobsOf, packError, packResult, type ThreadReply, type ThreadRequest } from "./thread-messages.ts";

/* The thread that writes the database: a flush of a slow SD card keeps nobody waiting but this thread. */

declare const self: Worker;

let client: Client | undefined;
let transaction: Transaction | undefined;

self.onmessage = async ({ data }: MessageEvent<ThreadRequest>) => {
  let reply: ThreadReply;
  try {
    reply = { results: (await handle(data)).map(packResult) };
  } catch (error) {
    reply = { error: packError(error) };
  }
  self.postMessage(reply, "results" in reply ? blobsOf(reply.results) : []);
};

/** One request at a time is sent here, and during a transaction only what is of it. */
async function handle(request: ThreadRequest): Promise<ResultSet[]> {
  if (request.kind === "open") {
    client = createClient({ url: fileUrl(request.path), concurrency: 1, timeout: BUSY_TIMEOUT_MS });
    await setPragmas(client);
    return [];
  }
  if (!client) throw new Error("The database is not open.");
  const executor = transaction ?? client;
  switch (request.kind) {
    case "execute":
      return [await executor.execute(request.statement)];
    case "batch":
      return transaction
        ? transaction.batch(request.statements)
        : client.batch(request.statements, request.mode);
    case "executeMultiple":
      await executor.executeMultiple(request.sql);
      return [];
    case "migrate":
      return client.migrate(request.statements);
    case "begin":
      transaction = await client.transaction(request.mode);
      return [];
    case "commit":
      await end((begun) => begun.commit());
      return [];
    case "rollback":
      await end(async (begun) => begun.close());
      return [];
    case "reconnect":
      await client.reconnect();
      await setPragmas(client);
      return [];
    case "close":
      client.close();
      return [];
  }
}

async function end(how: (begun: Transaction) => Promise<void>): Promise<void> {
  const begun = transaction;
  transaction = undefined;
  if (begun) await how(begun);
}

async function setPragmas(connected: Client): Promise<void> {
  for (const pragma of pragmas({})) await connected.execute(`PRAGMA ${pragma}`);
}
