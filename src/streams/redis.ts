import pLimit from "p-limit";
import { BUFFER_LIMITS, type BufferLimits } from "../limits.ts";
import { withinTime } from "../time-limit.ts";
import type { MessageId, StreamBuffer, StreamEntry, StreamInfo, StreamKey, StreamMessage } from "./buffer.ts";
import { compareMessageIds, FIRST_MESSAGE_ID, idParts, LAST_MESSAGE_ID } from "./message-id.ts";
import { connectRedis, type Entry, type RedisCommands } from "./redis-commands.ts";
import { requestFailure, unavailable } from "./redis-errors.ts";
import { BEGUN, begunField, indexKey, LAST, nameIn, OWNERS, streamKey } from "./redis-keys.ts";
import { LOST_SCRIPT, READ_AFTER_SCRIPT } from "./redis-scripts.ts";
import { createRedisWriter } from "./redis-writer.ts";
import { messagesLost } from "./unavailable.ts";

/** After so long, in ms, a caller is told that there is no answer; waiting for one's turn counts. */
const PATIENCE_MS = 2300;

/**
 * Reads under way at a time; others wait. Bun has 256 fetches under way at most, of which writes must get one however
 * slow Redis is: they are one request at a time, and at most a few that were given up and have not ended yet.
 */
const MOST_READS = 128;

/** How many owners, or streams, one request lists. */
const LISTED_AT_ONCE = 1000;

/** What Redis tells of a stream. */
type Described = [
  created: MessageId | null,
  length: number,
  first: Entry[],
  last: Entry[],
  begun: MessageId | null,
];
const QUESTIONS = 5;

/**
 * The stream buffer in Redis Streams, which any number of instances may share. redis-keys.ts says how the data
 * lies, redis-writer.ts how it gets there.
 */
export function openRedisBuffer(options: {
  url: string;
  token: string;
  now: () => number;
  limits?: BufferLimits;
}): StreamBuffer {
  const { now, limits = BUFFER_LIMITS } = options;
  const redis = connectRedis(options);
  const writer = createRedisWriter(redis, { now, limits, patienceMs: PATIENCE_MS });
  const turns = pLimit(MOST_READS);
  let pinging: Promise<void> | undefined;

  /** Asks Redis when it is its turn, unless that comes too late, and makes something of the answers. */
  function read<T>(ask: () => Promise<unknown[]>, parse: (answers: unknown[]) => T): Promise<T> {
    const until = performance.now() + PATIENCE_MS;
    const reading = turns(async () => {
      if (performance.now() > until) throw unavailable("no answer in time");
      const answers = await ask();
      try {
        return parse(answers);
      } catch (error) {
        throw requestFailure(error);
      }
    });
    return withinTime(reading, PATIENCE_MS, () => {
      throw unavailable("no answer in time");
    });
  }

  function readAll<T>(
    add: Parameters<RedisCommands["pipeline"]>[0],
    parse: (answers: unknown[]) => T,
  ): Promise<T> {
    return read(() => redis.pipeline(add), parse);
  }

  /** Null of a stream that is not there. */
  async function describe(keys: readonly StreamKey[]): Promise<(StreamInfo | null)[]> {
    if (keys.length === 0) return [];
    return readAll(
      (pipeline) => {
        for (const key of keys) {
          pipeline.hget(indexKey(key.owner), key.name);
          pipeline.xlen(streamKey(key));
          pipeline.xrange(streamKey(key), "-", "+", 1);
          pipeline.xrevrange(streamKey(key), "+", "-", 1);
          pipeline.hget(BEGUN, begunField(key));
        }
      },
      (answers) => keys.map((key, index) => infoOf(key, answers.slice(QUESTIONS * index) as Described)),
    );
  }

  function infoOf(key: StreamKey, [created, length, [first], [last], begun]: Described): StreamInfo | null {
    const beginning = created ?? first?.[0];
    if (beginning === undefined) return null;
    const hasLost = begun !== null && (!first || compareMessageIds(first[0], begun) > 0);
    return {
      ...key,
      length,
      firstMessageId: first?.[0] ?? null,
      lastMessageId: last?.[0] ?? null,
      // Ids run ahead of a clock that has been set back; what was active in the future was so until now.
      lastActivity: Math.min(idParts(last?.[0] ?? beginning).milliseconds, now()),
      ...(hasLost && { hasLost }),
    };
  }

  /** @throws AppError buffer_unavailable when the first messages, or all, have been lost. */
  async function requireWhole(key: StreamKey): Promise<void> {
    const keys = [streamKey(key), indexKey(key.owner), BEGUN];
    const [answer] = await redis.run([{ script: LOST_SCRIPT, keys, args: [key.owner, key.name] }]);
    if (answer instanceof Error) throw answer;
    if (answer === 1) throw messagesLost(key.name);
  }

  /** Those who ask meanwhile share the answer; it does not wait behind reads, of which there may be many. */
  async function ping(): Promise<void> {
    const [answer] = await redis.pipeline((pipeline) => pipeline.ping());
    if (answer !== "PONG") throw unavailable("an answer to PING that is none");
  }

  async function namesOf(owners: readonly string[]): Promise<StreamKey[]> {
    if (owners.length === 0) return [];
    return readAll(
      (pipeline) => {
        for (const owner of owners) pipeline.hkeys(indexKey(owner));
      },
      (answers) =>
        owners.flatMap((owner, index) => {
          const fields = answers[index] as string[];
          return fields.filter((field) => !field.startsWith(":")).map((name) => ({ owner, name }));
        }),
    );
  }

  return {
    backend: "redis",
    isShared: true,

    create: async (key) => (await writer.append(key, []))[0] ?? FIRST_MESSAGE_ID,

    append: writer.append,

    range: (key, start, end, count) =>
      read(
        async () => {
          if (start === FIRST_MESSAGE_ID) await requireWhole(key);
          return redis.pipeline((pipeline) => pipeline.xrange(streamKey(key), start, end, count));
        },
        ([entries]) => (entries as Entry[]).map((entry) => messageOf(key.name, entry)).filter(isMessage),
      ),

    readAfter({ owner, name = "" }, after, count, endedAfter = "") {
      const args = [after, String(count), endedAfter, name];
      return read(
        () => redis.run([{ script: READ_AFTER_SCRIPT, keys: [indexKey(owner), LAST], args }]),
        ([answer]) => {
          if (answer instanceof Error) throw answer;
          const [last, runs] = answer as [MessageId, [key: string, entries: Entry[]][]];
          const entries = runs.flatMap(([key, run]) => {
            const streamName = nameIn(key, owner);
            return run.map((entry) => messageOf(streamName, entry));
          });
          return { entries, cursor: entries.at(-1)?.id ?? earliest(after, last) };
        },
      );
    },

    tail: () =>
      readAll(
        (pipeline) => pipeline.get(LAST),
        ([last]) => (last as MessageId | null) ?? FIRST_MESSAGE_ID,
      ),

    advance: writer.advance,

    async list(owner) {
      const owners =
        owner === undefined
          ? await readAll(
              (pipeline) => pipeline.smembers(OWNERS),
              ([all]) => (all as unknown[]).map(String),
            )
          : [owner];
      const infos: StreamInfo[] = [];
      // Some at a time, so that no request grows with the number of riders.
      for (let start = 0; start < owners.length; start += LISTED_AT_ONCE) {
        const keys = await namesOf(owners.slice(start, start + LISTED_AT_ONCE));
        for (let first = 0; first < keys.length; first += LISTED_AT_ONCE) {
          const described = await describe(keys.slice(first, first + LISTED_AT_ONCE));
          infos.push(...described.filter((info) => info !== null));
        }
      }
      return infos;
    },

    async info(key) {
      const [info] = await describe([key]);
      return info ?? null;
    },

    delete: (key, through = LAST_MESSAGE_ID) => writer.delete(key, through),

    // Redis sees to that itself.
    compact: async () => false,

    probe() {
      return this.ping();
    },

    ping() {
      pinging ??= ping().finally(() => {
        pinging = undefined;
      });
      return pinging;
    },

    close: writer.close,
  };
}

function earliest(a: MessageId, b: MessageId): MessageId {
  return compareMessageIds(a, b) < 0 ? a : b;
}

function messageOf(streamName: string, [id, fields]: Entry): StreamEntry {
  return { id, streamName, data: fields[0] === "data" ? (fields[1] ?? "") : null };
}

function isMessage(entry: StreamEntry): entry is StreamMessage {
  return entry.data !== null;
}
