import { type Client, createClient } from "@libsql/client/sqlite3";

/*
 * The thread that keeps a replica file in step with its primary. Apart, since both making an embedded replica and
 * syncing it block until the primary answers, however long that takes.
 */

declare const self: Worker;

export type SyncRequest = { url: string; syncUrl: string; authToken: string | undefined };
export type SyncReply = { error: string | undefined };

let client: Client | undefined;

self.onmessage = async ({ data }: MessageEvent<SyncRequest>) => {
  const { authToken, ...urls } = data;
  try {
    client ??= createClient({ ...urls, ...(authToken !== undefined && { authToken }) });
    await client.sync();
    self.postMessage({ error: undefined } satisfies SyncReply);
  } catch (error) {
    client?.close();
    client = undefined;
    self.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies SyncReply);
  }
};
