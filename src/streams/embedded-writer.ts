import type { StatementResult } from "../db/connection.ts";
import { createWriteConnection, type WriterRequest } from "./embedded-connection.ts";

/* The thread of the write connection: an fsync of a slow SD card keeps nobody waiting but this thread. */

export type WriterReply = { results: StatementResult[] } | { error: string };

declare const self: Worker;

const handle = createWriteConnection();

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => {
  let reply: WriterReply;
  try {
    reply = { results: handle(data) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
