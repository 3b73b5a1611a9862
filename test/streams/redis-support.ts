import { setTimeout } from "node:timers/promises";
import { RedisClient } from "bun";
import type { BufferLimits } from "../../src/limits.ts";
import type { MessageId, StreamBuffer, StreamKey } from "../../src/streams/buffer.ts";
import { createHub, type Hub, type HubEvent, type Subscription } from "../../src/streams/hub.ts";
import { FIRST_MESSAGE_ID, LAST_MESSAGE_ID } from "../../src/streams/message-id.ts";
import { openRedisBuffer } from "../../src/streams/redis.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { startUpstashFront, type UpstashFront } from "../support/upstash-front.ts";

export const TOKEN = "a-token-that-nobody-else-may-see";

const DEADLINE_MS = 10_000;
const STEP_MS = 5;

/** What a stream holds of one sample. */
export const data = (message: unknown) => JSON.stringify({ message: JSON.stringify(message), timestamp: 1 });

/** How the driver names the key of a stream. */
export const redisKey = ({ owner, name }: StreamKey) => `workout:${owner}:${name}`;

/** Redis with a front before it, and a connection past the front to look at what is there. */
export interface Store extends AsyncDisposable {
  redis: RedisServer;
  front: UpstashFront;
  /** Sends one command straight to Redis. */
  command(name: string, ...args: string[]): Promise<unknown>;
}

export async function startStore(): Promise<Store> {
  const redis = await startRedis({ fsync: "always" });
  const front = startUpstashFront({ redisUrl: redis.url, token: TOKEN });
  return {
    redis,
    front,
    async command(name, ...args) {
      const client = new RedisClient(redis.url, { autoReconnect: false });
      await client.connect();
      try {
        return await client.send(name, args);
      } finally {
        client.close();
      }
    },
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

export function openDriver(
  front: { url: string },
  now: () => number = Date.now,
  limits?: BufferLimits,
): StreamBuffer {
  return openRedisBuffer({ url: front.url, token: TOKEN, now, ...(limits && { limits }) });
}

/** Every message of a stream, in order. */
export async function everything(
  buffer: StreamBuffer,
  key: StreamKey,
): Promise<{ id: MessageId; data: string }[]> {
  return (await buffer.range(key, FIRST_MESSAGE_ID, LAST_MESSAGE_ID, 100_000)).map(({ id, data }) => ({
    id,
    data,
  }));
}

/** Waits until something is so. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  deadline = DEADLINE_MS,
): Promise<void> {
  const end = Date.now() + deadline;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`It was not so after ${deadline} ms: ${condition}`);
    await setTimeout(STEP_MS);
  }
}

/** What became of a promise, and after how many milliseconds. */
export async function timed<T>(
  promise: Promise<T>,
): Promise<{ value?: T; error?: unknown; milliseconds: number }> {
  const start = performance.now();
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { ...outcome, milliseconds: performance.now() - start };
}

/** One of several instances on one Redis: its own way there, driver and hub. */
export interface Instance extends AsyncDisposable {
  front: UpstashFront;
  buffer: StreamBuffer;
  hub: Hub;
  /** What the hub has reported. */
  errors: unknown[];
  /** As the service does it. */
  post(key: StreamKey, ...values: unknown[]): Promise<MessageId[]>;
}

export function startInstance({ redis }: Store): Instance {
  const front = startUpstashFront({ redisUrl: redis.url, token: TOKEN });
  const buffer = openDriver(front);
  const errors: unknown[] = [];
  const hub = createHub(buffer, (error) => errors.push(error));
  return {
    front,
    buffer,
    hub,
    errors,
    async post(key, ...values) {
      const ids = await buffer.append(
        key,
        values.map((value) => data(value)),
      );
      hub.notify(key.owner);
      return ids;
    },
    async [Symbol.asyncDispose]() {
      hub.close();
      await buffer.close();
      await front[Symbol.asyncDispose]();
    },
  };
}

/** A reader that takes whatever comes, as soon as it comes. */
export interface Follower {
  /** Ids of messages and `deleted <name>`, in the order in which they came. */
  readonly heard: string[];
  /** When each of them came, epoch ms. */
  readonly times: number[];
  /** Whether the subscription has ended, or what it failed with. */
  readonly ended: boolean | Error;
  close(): void;
}

export function follow(subscription: Subscription): Follower {
  const heard: string[] = [];
  const times: number[] = [];
  let ended: boolean | Error = false;
  const note = (event: HubEvent) => {
    const words = wordsOf(event);
    heard.push(...words);
    times.push(...words.map(() => Date.now()));
  };
  const read = async () => {
    for (let event = await subscription.next(); event; event = await subscription.next()) note(event);
  };
  read().then(
    () => {
      ended = true;
    },
    (error) => {
      ended = error;
    },
  );
  return {
    heard,
    times,
    get ended() {
      return ended;
    },
    close: subscription.close,
  };
}

export function wordsOf(event: HubEvent): string[] {
  return event.type === "messages" ? event.messages.map(({ id }) => id) : [`deleted ${event.streamName}`];
}
