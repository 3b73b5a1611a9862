import { setImmediate } from "node:timers/promises";
import type { Context, TypedResponse } from "hono";
import type { JSONParsed } from "hono/utils/types";
import type { Logger } from "../logger.ts";
import type { AppEnv } from "./context.ts";

/** Some ten or hundred kB each: what a slow reader has not fetched yet waits in memory, one piece at a time. */
export type Pieces = AsyncGenerator<string | Uint8Array>;

const encoder = new TextEncoder();

/**
 * Answers 200 with a body that is made while it is sent: each piece when the client has room for it, and others have
 * their turn in between. A source that fails before its first piece is an error like any other; later the connection
 * breaks, so that nobody takes the beginning for all of it. When the client leaves, the source is ended.
 * For HEAD the source is begun, for what it may throw, and ended.
 */
export async function streamed(
  c: Context<AppEnv>,
  log: Logger,
  pieces: Pieces,
  headers: Record<string, string>,
): Promise<Response & TypedResponse<ReadableStream | null, 200, "body">> {
  let waiting: Awaited<ReturnType<Pieces["next"]>> | undefined = await pieces.next();
  if (c.req.method === "HEAD") {
    await pieces.return(undefined);
    return c.body(null, 200, headers);
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = waiting ?? (await nextInTurn(pieces));
          waiting = undefined;
          if (done) controller.close();
          else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
        } catch (error) {
          log.error({ err: error, requestId: c.get("requestId") }, "an answer broke off");
          // With a reason, the runtime would print it once more.
          controller.error();
        }
      },
      cancel: async () => {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return c.body(body, 200, headers);
}

async function nextInTurn(pieces: Pieces) {
  await setImmediate();
  return pieces.next();
}

/** The same for the pieces of one JSON text, which the caller vouches is that of a `Body`. */
export async function streamedJson<Body extends object>(
  c: Context<AppEnv>,
  log: Logger,
  pieces: Pieces,
): Promise<Response & TypedResponse<JSONParsed<Body>, 200, "json">> {
  const response: Response = await streamed(c, log, pieces, { "Content-Type": "application/json" });
  return response as Response & TypedResponse<JSONParsed<Body>, 200, "json">;
}
