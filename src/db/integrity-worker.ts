import { toError } from "./errors.ts";
import { checkIntegrity } from "./integrity.ts";

/* The thread that checks files too large to wait for. */

export type IntegrityReply = { problems: string[] } | { error: string };

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<string>) => {
  let reply: IntegrityReply;
  try {
    reply = { problems: checkIntegrity(data, { quick: true }) };
  } catch (error) {
    reply = { error: toError(error).message };
  }
  self.postMessage(reply);
};
