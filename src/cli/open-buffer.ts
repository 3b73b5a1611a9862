import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { lockDataDirectory } from "../db/data-lock.ts";
import type { StreamBuffer } from "../streams/buffer.ts";
import { openEmbeddedBuffer } from "../streams/embedded.ts";
import { type BufferReader, openEmbeddedReader } from "../streams/embedded-reader.ts";

/** A buffer that no server has ever made is empty. */
const NOTHING: BufferReader = { list: async () => [], range: async () => [], close: async () => {} };

/** The live buffer for reading, beside a server that may be writing into it. */
export async function openBufferReader(config: Config): Promise<BufferReader> {
  const shared = await openShared(config);
  if (shared) return shared;
  const path = embeddedPath(config);
  return existsSync(path) ? openEmbeddedReader(path) : NOTHING;
}

/** The live buffer for writing too; undefined while a server has it to itself, and where no server has made one. */
export async function openOwnBuffer(config: Config): Promise<StreamBuffer | undefined> {
  const shared = await openShared(config);
  if (shared) return shared;
  const path = embeddedPath(config);
  if (!existsSync(path)) return undefined;
  const lock = await lockDataDirectory(config.dataDirectory).catch(() => undefined);
  if (!lock) return undefined;
  const { durability } = config;
  const buffer = await openEmbeddedBuffer({ path, durability, now: Date.now }).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  return {
    ...buffer,
    async close() {
      await buffer.close();
      lock.release();
    },
  };
}

/** Redis, which takes any number of processes at a time, where it is configured. */
async function openShared({ redis }: Config): Promise<StreamBuffer | undefined> {
  if (!redis) return undefined;
  const { openRedisBuffer } = await import("../streams/redis.ts");
  return openRedisBuffer({ ...redis, now: Date.now });
}

function embeddedPath({ dataDirectory }: Config): string {
  return join(dataDirectory, "streams.db");
}
