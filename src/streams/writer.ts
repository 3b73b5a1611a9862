import type { ConnectionOptions, StatementResult } from "../db/connection.ts";
import type { WriterRequest } from "./embedded-connection.ts";
import * as sql from "./embedded-sql.ts";
import type { WriterReply } from "./embedded-writer.ts";

export interface Writer {
  /**
   * Sends one request; the next may be sent when this one has settled.
   * @throws Error with the store's own words when it fails or the thread has died.
   */
  request(request: WriterRequest): Promise<StatementResult[]>;
  /** Why the thread is no more. */
  readonly failure: Error | undefined;
  terminate(): void;
}

/** In a thread of its own: a commit waits for the disk, and where none is flushed at once, folding the log in does. */
export function startWriter(): Writer {
  // The build script of the binary names this file as an entry point beside main.ts.
  const worker = new Worker(new URL("./embedded-writer.ts", import.meta.url).href);
  let pending: PromiseWithResolvers<StatementResult[]> | undefined;
  let failure: Error | undefined;

  const settle = (reply: WriterReply) => {
    const settling = pending;
    pending = undefined;
    if ("error" in reply) settling?.reject(new Error(reply.error));
    else settling?.resolve(reply.results);
  };
  const die = (message: string) => {
    failure = new Error(message);
    settle({ error: message });
  };
  worker.onmessage = ({ data }: MessageEvent<WriterReply>) => settle(data);
  worker.onerror = (event) => die(`The writer thread failed: ${event.message}`);
  worker.addEventListener("close", () => die("The writer thread has ended."));

  return {
    request(request) {
      if (failure) return Promise.reject(failure);
      pending = Promise.withResolvers();
      worker.postMessage(request);
      return pending.promise;
    },
    get failure() {
      return failure;
    },
    terminate: () => worker.terminate(),
  };
}

/** Resolves to what is in the file, which then has its tables. @throws Error when a newer version of the program wrote it. */
export async function openFile(writer: Writer, options: ConnectionOptions) {
  await writer.request({ kind: "open", options });
  const [version] = await writer.request({ kind: "write", statements: [sql.READ_VERSION] });
  if (Number(version?.value) > sql.FORMAT_VERSION) throw sql.writtenByNewer();
  const results = await writer.request({ kind: "write", statements: [...sql.SCHEMA, sql.READ_STATE] });
  return sql.parseState(results.at(-1)?.value);
}
