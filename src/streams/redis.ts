import { AppError } from "../errors.ts";
import type { MessageId, StreamBuffer, StreamEntry, StreamInfo, StreamKey, StreamMessage } from "./buffer.ts";
import { createGroupCommit } from "./group-commit.ts";
import {
  compareMessageIds,
  FIRST_MESSAGE_ID,
  formatMessageId,
  idParts,
  LAST_MESSAGE_ID,
} from "./message-id.ts";
import { connectRedis, type Entry, type ScriptCall } from "./redis-commands.ts";
import { APPEND_SCRIPT, DELETE_SCRIPT, READ_AFTER_SCRIPT } from "./redis-scripts.ts";

/**
 * After so long, in ms, a caller is told that it cannot be known whether its messages were stored; the wait for the
 * request before counts.
 */
const PATIENCE_MS = 2300;

/** Those whose time is up within so many ms of each other are told at once. */
const PATIENCE_STEP_MS = 50;

/** Characters of data, and operations, that one request may hold. */
const LARGEST_REQUEST = 4_000_000;
const MOST_OPERATIONS = 1000;

const OWNERS = "workouts";
const LAST = "workouts:last";

type Append = { kind: "append"; key: StreamKey; data: readonly string[] };
type Delete = { kind: "delete"; key: StreamKey; through: MessageId };
type Operation = (Append | Delete) & {
  /** To what the script answers for it. */
  settled: PromiseWithResolvers<unknown>;
  /** By performance.now(). */
  enqueued: number;
};

/**
 * The stream buffer in Redis Streams, which any number of instances may share. redis-scripts.ts says how the data
 * lies. Writes of this process go out together, one request at a time, so that they keep their order.
 */
export function openRedisBuffer(options: { url: string; token: string; now: () => number }): StreamBuffer {
  const { now } = options;
  const redis = connectRedis(options);
  let closed = false;
  const requests = createGroupCommit<Operation>(takeRequest, send);

  async function send(queued: Operation[]): Promise<void> {
    // Who has waited for too long is told so, and sends again; this time it is known that nothing was stored.
    const group = queued.slice(giveUp(queued));
    if (group.length === 0) return;
    const runs = runsOf(group);
    const request = redis.run(runs.map((run) => scriptCall(run, now()))).then(
      (answers) => {
        for (const [index, run] of runs.entries()) settle(run, answers[index]);
      },
      (error: unknown) => {
        for (const { settled } of group) settled.reject(error);
      },
    );
    await answeredOrGivenUp(request, group);
  }

  function enqueue(operation: Append | Delete): Promise<unknown> {
    if (closed) return Promise.reject(unavailable("The stream buffer is closed."));
    const settled = Promise.withResolvers<unknown>();
    requests.enqueue({ ...operation, settled, enqueued: performance.now() });
    return settled.promise;
  }

  /** Null of a stream that is not there. */
  async function describe(keys: readonly StreamKey[]): Promise<(StreamInfo | null)[]> {
    if (keys.length === 0) return [];
    const results = await redis.pipeline((pipeline) => {
      for (const key of keys) {
        pipeline.hget(indexKey(key.owner), key.name);
        pipeline.xlen(streamKey(key));
        pipeline.xrange(streamKey(key), "-", "+", 1);
        pipeline.xrevrange(streamKey(key), "+", "-", 1);
      }
    });
    return keys.map((key, index) => {
      type Described = [created: MessageId | null, length: number, first: Entry[], last: Entry[]];
      const [created, length, [first], [last]] = results.slice(4 * index) as Described;
      if (created === null) return null;
      return {
        ...key,
        length,
        firstMessageId: first?.[0] ?? null,
        lastMessageId: last?.[0] ?? null,
        // Ids run ahead of a clock that has been set back; what was active in the future was so until now.
        lastActivity: Math.min(idParts(last?.[0] ?? created).milliseconds, now()),
      };
    });
  }

  async function namesOf(owners: readonly string[]): Promise<StreamKey[]> {
    if (owners.length === 0) return [];
    const results = await redis.pipeline((pipeline) => {
      for (const owner of owners) pipeline.hkeys(indexKey(owner));
    });
    return owners.flatMap((owner, index) =>
      (results[index] as string[]).filter((field) => !field.startsWith(":")).map((name) => ({ owner, name })),
    );
  }

  async function allOwners(): Promise<string[]> {
    const [owners] = await redis.pipeline((pipeline) => pipeline.smembers(OWNERS));
    return owners as string[];
  }

  return {
    backend: "redis",
    isShared: true,

    create: async (key) => String(await enqueue({ kind: "append", key, data: [] })),

    async append(key, data) {
      const first = idParts(String(await enqueue({ kind: "append", key, data })));
      return data.map((_, index) => formatMessageId({ ...first, sequence: first.sequence + index }));
    },

    async range(key, start, end, count) {
      const [entries] = await redis.pipeline((pipeline) =>
        pipeline.xrange(streamKey(key), start, end, count),
      );
      return (entries as Entry[]).map((entry) => messageOf(key.name, entry)).filter(isMessage);
    },

    async readAfter(owner, after, count, endedAfter = "") {
      const index = indexKey(owner);
      const args = [after, String(count), endedAfter];
      const call = redis.run([{ script: READ_AFTER_SCRIPT, keys: [index], args }]);
      const [streams] = await withinLimit(call, PATIENCE_MS);
      if (streams instanceof Error) throw streams;
      return (streams as [string, Entry[]][])
        .flatMap(([key, entries]) => {
          const [name = ""] = key.slice(index.length + 1).split(":");
          return entries.map((entry) => messageOf(name, entry));
        })
        .sort((a, b) => compareMessageIds(a.id, b.id))
        .slice(0, count);
    },

    async tail() {
      const [last] = await redis.pipeline((pipeline) => pipeline.get(LAST));
      return (last as MessageId | null) ?? FIRST_MESSAGE_ID;
    },

    async list(owner) {
      const infos: StreamInfo[] = [];
      const owners = owner === undefined ? await allOwners() : [owner];
      // Some at a time, so that no request grows with the number of riders.
      for (let start = 0; start < owners.length; start += MOST_OPERATIONS) {
        const keys = await namesOf(owners.slice(start, start + MOST_OPERATIONS));
        for (let first = 0; first < keys.length; first += MOST_OPERATIONS) {
          const described = await describe(keys.slice(first, first + MOST_OPERATIONS));
          infos.push(...described.filter((info) => info !== null));
        }
      }
      return infos;
    },

    async info(key) {
      const [info] = await describe([key]);
      return info ?? null;
    },

    delete: async (key, through = LAST_MESSAGE_ID) => (await enqueue({ kind: "delete", key, through })) === 1,

    ping: redis.ping,

    async close() {
      closed = true;
      await requests.settled();
    },
  };
}

function takeRequest(queue: Operation[]): Operation[] {
  let size = 0;
  const end = queue.findIndex((operation, index) => {
    if (operation.kind === "append") size += operation.data.reduce((sum, text) => sum + text.length, 0);
    return index > 0 && (size > LARGEST_REQUEST || index === MOST_OPERATIONS);
  });
  return queue.splice(0, end === -1 ? queue.length : end);
}

/** Waits for a request, and no longer than anybody has patience; each operation is given up when its own time is up. */
async function answeredOrGivenUp(request: Promise<void>, group: readonly Operation[]): Promise<void> {
  const allGivenUp = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (from: number) => {
    const next = from + giveUp(group.slice(from));
    const oldest = group[next];
    if (oldest) timer = setTimeout(wait, oldest.enqueued + PATIENCE_MS - performance.now(), next);
    else allGivenUp.resolve();
  };
  wait(0);
  await Promise.race([request, allGivenUp.promise]);
  clearTimeout(timer);
}

/** Rejects those whose time is up; how many these are, from the front. */
function giveUp(operations: readonly Operation[]): number {
  const until = performance.now() - PATIENCE_MS + PATIENCE_STEP_MS;
  const waiting = operations.findIndex(({ enqueued }) => enqueued > until);
  const expired = waiting === -1 ? operations : operations.slice(0, waiting);
  for (const { settled } of expired) settled.reject(unavailable("Redis is slow."));
  return expired.length;
}

async function withinLimit<T>(request: Promise<T>, limit: number): Promise<T> {
  const slow = Promise.withResolvers<never>();
  const timer = setTimeout(() => slow.reject(unavailable("Redis is slow.")), limit);
  try {
    return await Promise.race([request, slow.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Appends that follow one another are one call of the script; a deletion is one by itself. */
function runsOf(operations: Operation[]): Operation[][] {
  const runs: Operation[][] = [];
  for (const operation of operations) {
    const run = runs.at(-1);
    if (run?.[0]?.kind === "append" && operation.kind === "append") run.push(operation);
    else runs.push([operation]);
  }
  return runs;
}

function scriptCall(run: Operation[], time: number): ScriptCall {
  const keys: string[] = [OWNERS, LAST];
  const args: string[] = [String(time)];
  for (const operation of run) {
    const { owner, name } = operation.key;
    const stream = streamKey(operation.key);
    if (operation.kind === "append") {
      keys.push(stream, indexKey(owner));
      args.push(owner, name, String(operation.data.length), ...operation.data);
    } else {
      keys.push(stream, endedKey(stream), indexKey(owner));
      args.push(owner, name, operation.through);
    }
  }
  return { script: run[0]?.kind === "delete" ? DELETE_SCRIPT : APPEND_SCRIPT, keys, args };
}

/** The script answers a deletion by itself, and appends by a list; what failed of those is in a list of its own. */
function settle(run: Operation[], answer: unknown): void {
  const answers = Array.isArray(answer) ? answer : [answer];
  for (const [index, { kind, settled }] of run.entries()) {
    const own: unknown = answer instanceof Error ? answer : answers[index];
    if (own instanceof Error) settled.reject(own);
    else if (typeof own === (kind === "append" ? "string" : "number")) settled.resolve(own);
    // Whatever else it is, it is no acknowledgement.
    else settled.reject(unavailable(Array.isArray(own) ? String(own[0]) : "Redis gave no answer."));
  }
}

/** One for each deletion: several of one stream may be still to be read. */
function endedKey(stream: string): string {
  return `${stream}:${Bun.randomUUIDv7()}`;
}

function indexKey(owner: string): string {
  return `workout:${owner}`;
}

function streamKey({ owner, name }: StreamKey): string {
  return `${indexKey(owner)}:${name}`;
}

function messageOf(streamName: string, [id, fields]: Entry): StreamEntry {
  return { id, streamName, data: fields[0] === "data" ? (fields[1] ?? "") : null };
}

function isMessage(entry: StreamEntry): entry is StreamMessage {
  return entry.data !== null;
}

function unavailable(reason: string): AppError {
  return new AppError(
    "buffer_unavailable",
    "The live buffer cannot be reached right now. Please try again.",
    {
      cause: new Error(reason),
    },
  );
}
