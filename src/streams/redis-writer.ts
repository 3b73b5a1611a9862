import type { AppError } from "../errors.ts";
import type { BufferLimits } from "../limits.ts";
import type { MessageId, StreamKey } from "./buffer.ts";
import { streamFull, tooManyStreams } from "./full.ts";
import { createGroupCommit } from "./group-commit.ts";
import { compareMessageIds, FIRST_MESSAGE_ID, formatMessageId, idParts } from "./message-id.ts";
import { createRedisClock } from "./redis-clock.ts";
import { type RedisCommands, type ScriptCall, TIME_LIMIT_MS } from "./redis-commands.ts";
import { commandFailure, unavailable } from "./redis-errors.ts";
import { deletedKey, indexKey, LAST, OWNERS, streamKey } from "./redis-keys.ts";
import { APPEND_SCRIPT, DELETE_SCRIPT, FULL, TOO_MANY } from "./redis-scripts.ts";

/** Those whose time is up within so many ms of each other are told at once. */
const PATIENCE_STEP_MS = 50;

/** Characters of data, and operations, that one request may hold. */
const LARGEST_REQUEST = 4_000_000;
const MOST_OPERATIONS = 1000;

type Append = { kind: "append"; key: StreamKey; data: readonly string[] };
type Delete = { kind: "delete"; key: StreamKey; through: MessageId };
type Operation = (Append | Delete) & {
  /** To what the script answers for it. */
  settled: PromiseWithResolvers<unknown>;
  /** When its caller is told that it cannot be known what came of it; by performance.now(). */
  until: number;
};

/** Every method rejects with AppError buffer_unavailable when it failed, or cannot be known to have been carried out. */
export interface RedisWriter {
  /** Resolves to the ids of the messages; without messages to that of the newest, or of the creation. */
  append(key: StreamKey, data: readonly string[]): Promise<MessageId[]>;
  /** Resolves to whether a stream was there. */
  delete(key: StreamKey, through: MessageId): Promise<boolean>;
  /** Has ids go on after this one. */
  advance(id: MessageId): void;
  close(): Promise<void>;
}

/**
 * The writes of this process. They go out together, one request at a time, so that they keep their order. Each has
 * a deadline, by Redis's own clock: what its caller was told to be uncertain has been carried out by then, or never
 * will be, whatever kept it on its way.
 */
export function createRedisWriter(
  redis: RedisCommands,
  { now, limits, patienceMs }: { now: () => number; limits: BufferLimits; patienceMs: number },
): RedisWriter {
  const clock = createRedisClock();
  const requests = createGroupCommit<Operation>(takeRequest, send);
  /** The newest id that is known to have been given out: ids go on after it though Redis may have been emptied. */
  let newest = FIRST_MESSAGE_ID;
  let closed = false;

  function advance(id: MessageId): void {
    if (compareMessageIds(id, newest) > 0) newest = id;
  }

  async function send(queued: Operation[]): Promise<void> {
    // Who has waited for too long is told so, and sends again; this time it is known that nothing was stored.
    const group = queued.slice(giveUp(queued));
    if (group.length === 0) return;
    const request = carryOut(group).catch((error: unknown) => {
      for (const { settled } of group) settled.reject(error);
    });
    await answeredOrGivenUp(request, group);
  }

  async function carryOut(group: Operation[]): Promise<void> {
    if (!clock.known) await askTime();
    const runs = runsOf(group);
    const answers = await run(runs.map(scriptCall));
    for (const [index, operations] of runs.entries()) settle(operations, answers[index], limits);
  }

  async function askTime(): Promise<void> {
    // Without any appends the script only tells the time.
    const [answer] = await run([{ script: APPEND_SCRIPT, keys: [OWNERS, LAST], args: appendArgs() }]);
    if (answer instanceof Error) throw answer;
  }

  /** Resolves to the answers of each script to its operations, or to what it failed with. */
  async function run(calls: ScriptCall[]): Promise<(unknown[] | Error)[]> {
    const sent = performance.now();
    const answers = await redis.run(calls);
    const answered = performance.now();
    return answers.map((answer) => {
      if (answer instanceof Error) return answer;
      const [time, ...own] = Array.isArray(answer) ? answer : [];
      if (typeof time !== "number") return unavailable("an answer of a script that is none");
      clock.learn(time, sent, answered);
      return own;
    });
  }

  /** What the script takes before its appends. */
  function appendArgs(): string[] {
    return [String(now()), newest, ...[limits.messages, limits.bytes, limits.streams].map(String)];
  }

  function scriptCall(operations: Operation[]): ScriptCall {
    const isDelete = operations[0]?.kind === "delete";
    const keys: string[] = [OWNERS, LAST];
    const args = isDelete ? [String(now()), newest] : appendArgs();
    const requestUntil = performance.now() + TIME_LIMIT_MS;
    for (const operation of operations) {
      const { kind, key, until } = operation;
      const deadline = Math.floor(clock.at(Math.min(until - PATIENCE_STEP_MS, requestUntil)));
      args.push(key.owner, key.name, String(deadline));
      if (kind === "append") {
        keys.push(streamKey(key), indexKey(key.owner));
        args.push(String(operation.data.length), ...operation.data);
      } else {
        keys.push(streamKey(key), deletedKey(key), indexKey(key.owner));
        args.push(operation.through);
      }
    }
    return { script: isDelete ? DELETE_SCRIPT : APPEND_SCRIPT, keys, args };
  }

  function enqueue(operation: Append | Delete): Promise<unknown> {
    if (closed) return Promise.reject(unavailable("the stream buffer is closed"));
    const settled = Promise.withResolvers<unknown>();
    requests.enqueue({ ...operation, settled, until: performance.now() + patienceMs });
    return settled.promise;
  }

  return {
    async append(key, data) {
      const first = String(await enqueue({ kind: "append", key, data }));
      const { milliseconds, sequence } = idParts(first);
      const rest = data
        .slice(1)
        .map((_, index) => formatMessageId({ milliseconds, sequence: sequence + 1 + index }));
      advance(rest.at(-1) ?? first);
      return [first, ...rest];
    },
    delete: async (key, through) => (await enqueue({ kind: "delete", key, through })) === 1,
    advance,
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

/** Waits for a request, and no longer than anybody has patience; each operation is given up when its own time is up. */
async function answeredOrGivenUp(request: Promise<void>, group: readonly Operation[]): Promise<void> {
  const allGivenUp = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (from: number) => {
    const next = from + giveUp(group.slice(from));
    const oldest = group[next];
    if (oldest) timer = setTimeout(wait, oldest.until - performance.now(), next);
    else allGivenUp.resolve();
  };
  wait(0);
  await Promise.race([request, allGivenUp.promise]);
  clearTimeout(timer);
}

/** Rejects those whose time is up; how many these are, from the front. */
function giveUp(operations: readonly Operation[]): number {
  const limit = performance.now() + PATIENCE_STEP_MS;
  const waiting = operations.findIndex(({ until }) => until > limit);
  const expired = waiting === -1 ? operations : operations.slice(0, waiting);
  for (const { settled } of expired) settled.reject(unavailable("no answer in time"));
  return expired.length;
}

/** What failed of the operations is in a list of its own. */
function settle(operations: Operation[], answers: unknown[] | Error | undefined, limits: BufferLimits): void {
  for (const [index, { kind, key, settled }] of operations.entries()) {
    const own = answers instanceof Error ? answers : answers?.[index];
    if (own instanceof Error) settled.reject(own);
    else if (typeof own === (kind === "append" ? "string" : "number")) settled.resolve(own);
    // Whatever else it is, it is no acknowledgement.
    else settled.reject(Array.isArray(own) ? refusal(String(own[0]), key, limits) : unavailable("no answer"));
  }
}

function refusal(told: string, { name }: StreamKey, limits: BufferLimits): AppError {
  if (told === FULL) return streamFull(name, limits);
  if (told === TOO_MANY) return tooManyStreams(limits);
  return commandFailure(told);
}
