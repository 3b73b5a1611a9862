import { createWriteConnection, type WriterRequest, type WriterResult } from "./embedded-connection.ts";

/* The thread of the write connection: an fsync of a slow SD card keeps nobody waiting but this thread. */

export type WriterReply = { results: WriterResult[] } | { error: string };

declare const self: Worker;

const handle = createWriteConnection();

self.onmessage = async ({ data }: MessageEvent<WriterRequest>) => {
  let reply: WriterReply;
  try {
    reply = { results: await handle(data) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
