import { openConnection, type Statement } from "../db/connection.ts";
import { createTurns } from "../db/turn.ts";
import { compact } from "../db/upkeep.ts";
import type { AppError } from "../errors.ts";
import { BUFFER_LIMITS, type BufferLimits } from "../limits.ts";
import { withinTime } from "../time-limit.ts";
import type { MessageId, StreamBuffer, StreamKey, StreamMessage } from "./buffer.ts";
import type { WriteConnection } from "./embedded-connection.ts";
import {
  type Append,
  type Delete,
  type Operation,
  type Probe,
  type Purge,
  type Request,
  takeGroup,
} from "./embedded-operations.ts";
import * as sql from "./embedded-sql.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createLogFlusher } from "./log-flusher.ts";
import {
  compareMessageIds,
  FIRST_MESSAGE_ID,
  followingMessageId,
  formatMessageId,
  type IdParts,
  idParts,
  LAST_MESSAGE_ID,
  latestMessageId,
  nextMessageId,
} from "./message-id.ts";
import { createStreamIndex, emptyStream, infoOf, type StoredStream } from "./stream-index.ts";
import { bufferUnavailable } from "./unavailable.ts";
import { openFile, startWriter } from "./writer.ts";

/** Bytes of data that may wait to be committed; more is refused at once. */
const MOST_WAITING = 32_000_000;

/** How long whoever asks for something to be written waits for it, in ms. */
const WRITE_LIMIT_MS = 5000;

/**
 * The stream buffer in a libSQL file of its own, which one process at a time may have open. Writes go through
 * one writer in groups; reads have a connection here, which write-ahead logging lets run beside it. What lists
 * and bounds need of the streams is in memory, so that a quiet stream costs no query.
 * @throws Error when the file cannot be opened or was written by a newer version of the program.
 */
export async function openEmbeddedBuffer(options: {
  path: string;
  /** With `relaxed`, what a commit writes is flushed within about a second and not ahead of its answer. */
  durability: "full" | "relaxed";
  now: () => number;
  limits?: BufferLimits;
  /** Told of each commit of messages: how many posts are in it, and how many ms it took. */
  onCommit?: (posts: number, took: number) => void;
  /** Told of every failure of the file. */
  onFailure?: (error: unknown) => void;
}): Promise<StreamBuffer> {
  const { path, durability, now, limits = BUFFER_LIMITS, onCommit, onFailure = () => {} } = options;
  const writer = startWriter();
  const state = await openFile(writer, { path, durability }).catch((error) => {
    writer.terminate();
    throw error;
  });
  const turn = createTurns();
  const reader = openConnection({ path, readOnly: true });
  const flusher = durability === "relaxed" ? createLogFlusher(path, onFailure) : undefined;

  const index = createStreamIndex();
  for (const stream of state.streams) {
    // Ids run ahead of a clock that has been set back; what was active in the future was so until now.
    index.add({ ...stream, lastActivity: Math.min(stream.lastActivity, now()) });
  }
  let lastStreamId = Math.max(0, ...state.streams.map(({ id }) => id), ...state.deleted);
  let lastId = idParts(latestMessageId(state.ids) ?? FIRST_MESSAGE_ID);
  let lastCommitted = formatMessageId(lastId);
  /** Characters of data that wait to be committed. */
  let waiting = 0;
  let closing: Promise<void> | undefined;
  const commits = createGroupCommit<Operation>(takeGroup, commit);

  function failure(error: unknown): AppError {
    onFailure(error);
    return bufferUnavailable(error);
  }

  function nextId(): IdParts {
    lastId = nextMessageId(lastId, now());
    return lastId;
  }

  function enqueue(request: Request): Operation {
    const operation = { ...request, settled: Promise.withResolvers<boolean>() };
    if (closing) operation.settled.reject(bufferUnavailable(new Error("The stream buffer is closed.")));
    else commits.enqueue(operation);
    return operation;
  }

  /** What waits when its time is over is taken out; what comes of it else, once it is under way, is not known. */
  async function write(request: Append | Delete | Probe): Promise<boolean> {
    const size = request.kind === "append" ? request.bytes : 0;
    if (waiting + size > MOST_WAITING) throw failure(new Error("Too much waits for the disk already."));
    const operation = enqueue(request);
    waiting += size;
    const { promise } = operation.settled;
    const settle = () => {
      waiting -= size;
    };
    promise.then(settle, settle);
    return withinTime(promise, WRITE_LIMIT_MS, () => {
      const late = failure(new Error("The disk of the live buffer does not keep up."));
      if (commits.remove(operation)) operation.settled.reject(late);
      throw late;
    });
  }

  const run = (statements: Statement[]) => writer.call("write", { statements });
  const statements = {
    read: async (sql: string) => (await run([{ sql }]))[0]?.value,
    run: (sql: string) => writer.call("execute", { sql }),
  };

  async function commit(group: Operation[]): Promise<void> {
    const [first] = group;
    try {
      if (first?.kind === "delete") first.settled.resolve(await commitDelete(first));
      else if (first?.kind === "compact") first.settled.resolve(await compact(statements));
      else if (first?.kind === "probe") first.settled.resolve(await commitProbe());
      else if (first?.kind === "purge") first.settled.resolve(await commitPurge(first));
      else await commitAppends(group.filter((operation) => operation.kind === "append"));
      flusher?.written();
    } catch (error) {
      for (const operation of group) operation.settled.reject(failure(error));
    }
  }

  async function commitAppends(queued: (Append & Pick<Operation, "settled">)[]): Promise<void> {
    const refusals = queued.map(index.admission(limits));
    for (const [place, refusal] of refusals.entries()) if (refusal) queued[place]?.settled.reject(refusal);
    const group = queued.filter((_, place) => !refusals[place]);
    if (group.length === 0) return;
    const { request, created } = appendRequest(group);
    const began = performance.now();
    await writer.call("append", request);
    onCommit?.(group.length, performance.now() - began);
    for (const stream of created) index.add(stream);
    for (const append of group) {
      index.appended(append, now());
      append.settled.resolve(true);
    }
    lastCommitted = formatMessageId(group.at(-1)?.id ?? lastId);
  }

  /** Groups are committed one after another, so what is known of the streams here is what the file holds. */
  function appendRequest(group: Append[]): {
    request: Parameters<WriteConnection["append"]>[0];
    created: StoredStream[];
  } {
    const created = new Map<string, StoredStream>();
    const streamRows: sql.StreamRow[] = [];
    const messageRows: sql.MessageRow[] = [];
    for (const { key, id, ids, data } of group) {
      const path = `${key.owner} ${key.name}`;
      let stream = index.find(key) ?? created.get(path);
      if (!stream) {
        lastStreamId += 1;
        stream = emptyStream(lastStreamId, key, id);
        created.set(path, stream);
        streamRows.push([stream.id, key.owner, key.name, id.milliseconds, id.sequence]);
      }
      for (const [index, { milliseconds, sequence }] of ids.entries()) {
        messageRows.push([stream.id, milliseconds, sequence, data[index] ?? ""]);
      }
    }
    const newStreams = streamRows.length > 0 ? JSON.stringify(streamRows) : undefined;
    const request = { newStreams, messages: JSON.stringify(messageRows) };
    return { request, created: [...created.values()] };
  }

  async function commitDelete({ key, through }: Delete): Promise<boolean> {
    const stream = index.find(key);
    if (!stream) return false;
    if (compareMessageIds(stream.lastMessageId ?? FIRST_MESSAGE_ID, formatMessageId(through)) <= 0) {
      await run(sql.deleteStream(stream.id, lastId));
      index.remove(key);
      purge(stream.id);
    } else {
      const [bytes, deleted, left] = await run(sql.deleteMessages(stream.id, through));
      stream.length -= deleted?.changes ?? 0;
      stream.bytes -= Number(bytes?.value);
      stream.firstMessageId = String(left?.value);
    }
    return true;
  }

  /** Page by page, so that samples of others go in between. What fails or is not reached is left to the next start. */
  function purge(streamId: number): void {
    enqueue({ kind: "purge", streamId }).settled.promise.then(
      (more) => more && purge(streamId),
      () => {},
    );
  }

  /** Resolves to whether there may be more. */
  async function commitPurge({ streamId }: Purge): Promise<boolean> {
    const [deleted] = await run(sql.deletePage(streamId));
    return deleted?.changes === sql.DELETED_PAGE;
  }

  async function commitProbe(): Promise<boolean> {
    await writer.call("write", { statements: sql.WRITE_AND_TAKE_BACK });
    return true;
  }

  async function read(
    key: StreamKey,
    start: MessageId,
    end: MessageId,
    count: number,
  ): Promise<StreamMessage[]> {
    const stream = index.find(key);
    if (!stream) return [];
    await turn();
    try {
      const [messages] = reader.run([sql.readMessages(stream.id, start, end, count)]);
      return sql.parseMessages(key.name, messages?.value);
    } catch (error) {
      throw failure(error);
    }
  }

  async function closeAll(): Promise<void> {
    await commits.settled();
    flusher?.stop();
    reader.close();
    await writer.call("close");
    writer.terminate();
  }

  for (const streamId of state.deleted) purge(streamId);

  return {
    backend: "embedded",
    isShared: false,

    async create(key) {
      const id = nextId();
      await write({ kind: "append", key, ids: [], data: [], bytes: 0, id });
      return index.find(key)?.lastMessageId ?? formatMessageId(id);
    },

    async append(key, data) {
      const ids = data.map(nextId);
      const bytes = data.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      await write({ kind: "append", key, ids, data, bytes, id: lastId });
      return ids.map(formatMessageId);
    },

    range: read,

    async readAfter({ owner, name }, after, count) {
      // Bounded by what was committed when the read began: streams read one after another agree on where it ends.
      let end = lastCommitted;
      const start = followingMessageId(after);
      let page: StreamMessage[] = [];
      for (const stream of index.activeAfter(owner, after)) {
        if (name !== undefined && stream.name !== name) continue;
        if (compareMessageIds(stream.firstMessageId ?? end, end) > 0) continue;
        const messages = await read(stream, start, end, count);
        page = [...page, ...messages].sort((a, b) => compareMessageIds(a.id, b.id)).slice(0, count);
        // What lies behind a full page is none of this call's business: streams that begin there are not read.
        if (page.length === count) end = page.at(-1)?.id ?? end;
      }
      return { entries: page, cursor: page.at(-1)?.id ?? after };
    },

    tail: async () => lastCommitted,

    advance(id) {
      if (compareMessageIds(id, formatMessageId(lastId)) > 0) lastId = idParts(id);
    },

    list: async (owner) => index.list(owner).map(infoOf),

    async info(key) {
      const stream = index.find(key);
      return stream ? infoOf(stream) : null;
    },

    delete: (key, through = LAST_MESSAGE_ID) => write({ kind: "delete", key, through: idParts(through) }),

    compact: () => enqueue({ kind: "compact" }).settled.promise,

    async probe() {
      await write({ kind: "probe" });
    },

    async ping() {
      try {
        reader.run([{ sql: "SELECT 1" }]);
        if (writer.failure) throw writer.failure;
      } catch (error) {
        throw bufferUnavailable(error);
      }
    },

    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
