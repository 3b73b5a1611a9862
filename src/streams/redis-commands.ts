import { Redis } from "@upstash/redis";
import type { AppError } from "../errors.ts";
import { commandFailure, requestFailure } from "./redis-errors.ts";
import {
  APPEND_SCRIPT,
  DELETE_SCRIPT,
  LOST_SCRIPT,
  READ_AFTER_SCRIPT,
  type Script,
} from "./redis-scripts.ts";

/** How long one request may take, in ms. */
export const TIME_LIMIT_MS = 2000;

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
   * Runs scripts together, in order; what came of each is its own: a result, or an AppError to be thrown.
   * @throws AppError buffer_unavailable when it cannot be known what came of them.
   */
  run(calls: readonly ScriptCall[]): Promise<unknown[]>;
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
    try {
      const results = (await pipeline.exec({ keepErrors: true })) as Outcome[];
      if (results.length !== pipeline.length()) throw new Error("Not as many answers as commands.");
      return results;
    } catch (error) {
      throw requestFailure(error);
    }
  }

  function call(calls: readonly ScriptCall[]): Promise<Outcome[]> {
    return outcomes((pipeline) => {
      for (const { script, keys, args } of calls) pipeline.evalsha(script.sha, keys, args);
    });
  }

  async function loadScripts(): Promise<void> {
    await outcomes((pipeline) => {
      const scripts = [APPEND_SCRIPT, DELETE_SCRIPT, LOST_SCRIPT, READ_AFTER_SCRIPT];
      for (const { text } of scripts) pipeline.scriptLoad(text);
    });
  }

  return {
    async pipeline(add) {
      const results = (await outcomes(add)).map(resultOf);
      const failure = results.find((result) => result instanceof Error);
      if (failure) throw failure;
      return results;
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
      return results.map(resultOf);
    },
  };
}

function resultOf({ result, error }: Outcome): unknown | AppError {
  return error === undefined ? result : commandFailure(error);
}

function isMissing(error: string | undefined): boolean {
  return error?.startsWith("NOSCRIPT") ?? false;
}
