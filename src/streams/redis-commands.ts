import { Redis } from "@upstash/redis";
import { AppError } from "../errors.ts";
import { APPEND_SCRIPT, DELETE_SCRIPT, READ_AFTER_SCRIPT, type Script } from "./redis-scripts.ts";

/** How long one request may take, in ms. */
const TIME_LIMIT_MS = 2000;

/** One entry of a Redis Stream: its id, and fields and values in turn. */
export type Entry = [id: string, fields: string[]];

export type ScriptCall = { script: Script; keys: string[]; args: string[] };

type Pipeline = ReturnType<Redis["pipeline"]>;

/** What one command of a pipeline came to. */
type Outcome = { result: unknown; error?: string | undefined };

export interface RedisCommands {
  /**
   * Sends commands together, in order; resolves to their results.
   * @throws AppError buffer_unavailable when one of them failed, or when it cannot be known whether it did.
   */
  pipeline(add: (pipeline: Pipeline) => void): Promise<unknown[]>;
  /**
   * Runs scripts together, in order; what came of each is its own: a result, or an Error to be thrown.
   * @throws AppError buffer_unavailable when it cannot be known what came of them.
   */
  run(calls: readonly ScriptCall[]): Promise<unknown[]>;
  ping(): Promise<void>;
}

/** Redis over HTTP, nothing sent twice: a command whose answer was lost may have been carried out. */
export function connectRedis({ url, token }: { url: string; token: string }): RedisCommands {
  const redis = new Redis({
    url,
    token,
    // Raw replies: the client would make the number 1.5 of the text "1.50".
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: false,
    readYourWrites: false,
    enableTelemetry: false,
    retry: { retries: 0 },
    // A function: with a plain signal an abort would make commands resolve to null.
    signal: () => AbortSignal.timeout(TIME_LIMIT_MS),
  });

  async function outcomes(add: (pipeline: Pipeline) => void): Promise<Outcome[]> {
    const pipeline = redis.pipeline();
    add(pipeline);
    let results: Outcome[];
    try {
      results = (await pipeline.exec({ keepErrors: true })) as Outcome[];
    } catch (error) {
      throw unavailable(error);
    }
    if (results.length !== pipeline.length()) throw unavailable(new Error("not as many answers as commands"));
    return results;
  }

  function call(calls: readonly ScriptCall[]): Promise<Outcome[]> {
    return outcomes((pipeline) => {
      for (const { script, keys, args } of calls) pipeline.evalsha(script.sha, keys, args);
    });
  }

  async function loadScripts(): Promise<void> {
    await outcomes((pipeline) => {
      for (const { text } of [APPEND_SCRIPT, DELETE_SCRIPT, READ_AFTER_SCRIPT]) pipeline.scriptLoad(text);
    });
  }

  return {
    async pipeline(add) {
      const results = await outcomes(add);
      return results.map(({ result, error }) => {
        if (error !== undefined) throw unavailable(new Error(error));
        return result;
      });
    },

    async run(calls) {
      const results = await call(calls);
      const missing = results.flatMap(({ error }, index) => (isMissing(error) ? [index] : []));
      if (missing.length > 0) {
        // Redis was restarted: it has not carried these out, for it did not know them, and so may be sent them again.
        await loadScripts();
        const again = await call(missing.flatMap((index) => calls[index] ?? []));
        for (const [position, index] of missing.entries()) {
          results[index] = again[position] ?? { result: null, error: "no answer" };
        }
      }
      return results.map(({ result, error }) =>
        error === undefined ? result : unavailable(new Error(error)),
      );
    },

    async ping() {
      await redis.ping().catch((error: unknown) => {
        throw unavailable(error);
      });
    },
  };
}

function isMissing(error: string | undefined): boolean {
  return error?.startsWith("NOSCRIPT") ?? false;
}

/** Without the client's own message, in which there may be all of the command, and so the samples; nor Redis's of it. */
function unavailable(error: unknown): AppError {
  const name = error instanceof Error ? error.name : "Error";
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  const reason =
    error instanceof Error && error.constructor === Error ? `: ${withoutCommand(error.message)}` : "";
  return new AppError(
    "buffer_unavailable",
    "The live buffer cannot be reached right now. Please try again.",
    {
      cause: new Error(`Redis: ${name}${code}${reason}`),
    },
  );
}

/** Redis repeats the arguments of a command that it does not know. */
function withoutCommand(message: string): string {
  return message.replace(/, with args.*/s, "").slice(0, 100);
}
