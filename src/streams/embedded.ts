import { openClient } from "../db/open.ts";
import { AppError } from "../errors.ts";
import type { MessageId, StreamBuffer, StreamInfo, StreamKey, StreamMessage } from "./buffer.ts";
import * as sql from "./embedded-sql.ts";
import type { WriterRequest } from "./embedded-writer.ts";
import { createGroupCommit } from "./group-commit.ts";
import {
  compareMessageIds,
  FIRST_MESSAGE_ID,
  followingMessageId,
  formatMessageId,
  type IdParts,
  idParts,
  LAST_MESSAGE_ID,
  nextMessageId,
} from "./message-id.ts";
import { startWriterThread, type WriterThread } from "./writer-thread.ts";

/** Characters of data that one commit may hold, so that none of them takes long. */
const LARGEST_GROUP = 4_000_000;

type Append = { kind: "append"; key: StreamKey; rows: sql.MessageRow[]; size: number; id: IdParts };
type Delete = { kind: "delete"; key: StreamKey; through: IdParts };
type Operation = (Append | Delete) & { settled: PromiseWithResolvers<boolean> };

/**
 * The stream buffer in a libSQL file of its own, which one process at a time may have open. Writes go through
 * a worker thread in groups; reads have a connection here, which write-ahead logging lets run beside it. What
 * lists and bounds need of the streams is in memory, so that a quiet stream costs no query.
 * @throws Error when the file cannot be opened or was written by a newer version of the program.
 */
export async function openEmbeddedBuffer(options: {
  path: string;
  durability: "full" | "relaxed";
  now: () => number;
}): Promise<StreamBuffer> {
  const { durability, now } = options;
  const url = `file:${options.path}`;
  const writer = startWriterThread();
  const state = await openFile(writer, { url, durability }).catch((error) => {
    writer.terminate();
    throw error;
  });
  const reader = await openClient({ url, durability, readOnly: true });

  const streams = new Map<string, Map<string, StreamInfo>>();
  for (const info of state.streams) ownerStreams(info.owner).set(info.name, info);
  let lastId = idParts(state.ids.sort(compareMessageIds).at(-1) ?? FIRST_MESSAGE_ID);
  let lastCommitted = formatMessageId(lastId);
  let closing: Promise<void> | undefined;
  const commits = createGroupCommit<Operation>(takeGroup, commit);

  function ownerStreams(owner: string): Map<string, StreamInfo> {
    const found = streams.get(owner) ?? new Map<string, StreamInfo>();
    streams.set(owner, found);
    return found;
  }

  const nextId = () => (lastId = nextMessageId(lastId, now()));

  function enqueue(operation: Append | Delete): Promise<boolean> {
    if (closing) return Promise.reject(unavailable(new Error("The stream buffer is closed.")));
    const settled = Promise.withResolvers<boolean>();
    commits.enqueue({ ...operation, settled });
    return settled.promise;
  }

  async function commit(group: Operation[]): Promise<void> {
    try {
      const results = await writer.request(writerRequest(group));
      for (const operation of group) {
        operation.settled.resolve(
          operation.kind === "append"
            ? applyAppend(operation)
            : applyDelete(operation, results[0]?.rowsAffected ?? 0, results[1]?.row?.[0]),
        );
      }
    } catch (error) {
      for (const operation of group) operation.settled.reject(unavailable(error));
    }
  }

  function writerRequest(group: Operation[]): WriterRequest {
    const [first] = group;
    if (first?.kind === "delete") {
      return { kind: "write", statements: sql.deleteMessages(first.key, first.through, lastId) };
    }
    const newStreams = new Map<string, sql.StreamRow>();
    const messages: sql.MessageRow[] = [];
    for (const operation of group) {
      if (operation.kind !== "append") continue;
      const { key, id, rows } = operation;
      if (!streams.get(key.owner)?.has(key.name)) {
        newStreams.set(`${key.owner} ${key.name}`, [key.owner, key.name, id.milliseconds, id.sequence]);
      }
      messages.push(...rows);
    }
    return {
      kind: "append",
      newStreams: newStreams.size > 0 ? JSON.stringify([...newStreams.values()]) : undefined,
      messages: JSON.stringify(messages),
    };
  }

  function applyAppend({ key, rows, id }: Append): true {
    const owned = ownerStreams(key.owner);
    const info = owned.get(key.name) ?? {
      ...key,
      length: 0,
      firstMessageId: null,
      lastMessageId: null,
      lastActivity: id.milliseconds,
    };
    owned.set(key.name, info);
    const [firstRow, lastRow] = [rows[0], rows.at(-1)];
    if (firstRow && lastRow) {
      info.length += rows.length;
      info.firstMessageId ??= rowId(firstRow);
      info.lastMessageId = rowId(lastRow);
      info.lastActivity = Math.max(info.lastActivity, lastRow[2]);
    }
    lastCommitted = formatMessageId(id);
    return true;
  }

  function applyDelete({ key }: Delete, deleted: number, firstLeft: unknown): boolean {
    const owned = ownerStreams(key.owner);
    const info = owned.get(key.name);
    if (!info) return false;
    if (typeof firstLeft === "string") {
      info.length -= deleted;
      info.firstMessageId = firstLeft;
    } else {
      owned.delete(key.name);
    }
    return true;
  }

  async function read(
    key: StreamKey,
    start: MessageId,
    end: MessageId,
    count: number,
  ): Promise<StreamMessage[]> {
    try {
      const { rows } = await reader.execute(sql.readMessages(key, start, end, count));
      return sql.parseMessages(key.name, rows[0]?.[0]);
    } catch (error) {
      throw unavailable(error);
    }
  }

  async function closeAll(): Promise<void> {
    await commits.settled();
    reader.close();
    await writer.request({ kind: "close" });
    writer.terminate();
  }

  return {
    backend: "embedded",

    async create(key) {
      const id = nextId();
      await enqueue({ kind: "append", key, rows: [], size: 0, id });
      return streams.get(key.owner)?.get(key.name)?.lastMessageId ?? formatMessageId(id);
    },

    async append(key, data) {
      const rows = data.map((text): sql.MessageRow => {
        const { milliseconds, sequence } = nextId();
        return [key.owner, key.name, milliseconds, sequence, text];
      });
      const size = data.reduce((sum, text) => sum + text.length, 0);
      await enqueue({ kind: "append", key, rows, size, id: lastId });
      return rows.map(rowId);
    },

    range: read,

    async readAfter(owner, after, count) {
      // Bounded by what was committed when the read began: streams read one after another agree on where it ends.
      const end = lastCommitted;
      const active = [...(streams.get(owner)?.values() ?? [])].filter(
        ({ lastMessageId }) => lastMessageId !== null && compareMessageIds(lastMessageId, after) > 0,
      );
      const start = followingMessageId(after);
      const pages = await Promise.all(active.map((info) => read(info, start, end, count)));
      return pages
        .flat()
        .sort((a, b) => compareMessageIds(a.id, b.id))
        .slice(0, count);
    },

    tail: async () => lastCommitted,

    async list(owner) {
      const owned = owner === undefined ? [...streams.values()] : [streams.get(owner) ?? new Map()];
      return owned.flatMap((names) => [...names.values()].map((info) => ({ ...info })));
    },

    async info({ owner, name }) {
      const info = streams.get(owner)?.get(name);
      return info ? { ...info } : null;
    },

    delete: (key, through = LAST_MESSAGE_ID) => enqueue({ kind: "delete", key, through: idParts(through) }),

    async ping() {
      try {
        await reader.execute("SELECT 1");
        if (writer.failure) throw writer.failure;
      } catch (error) {
        throw unavailable(error);
      }
    },

    close: () => (closing ??= closeAll()),
  };
}

async function openFile(writer: WriterThread, options: { url: string; durability: "full" | "relaxed" }) {
  await writer.request({ kind: "open", options });
  const [version] = await writer.request({ kind: "write", statements: [sql.READ_VERSION] });
  if (Number(version?.row?.[0]) > sql.FORMAT_VERSION) {
    throw new Error("The stream buffer was written by a newer version of this program. Start that version.");
  }
  const results = await writer.request({ kind: "write", statements: [...sql.SCHEMA, sql.READ_STATE] });
  return sql.parseState(results.at(-1)?.row?.[0]);
}

/** A deletion goes alone, since it must not overtake or be overtaken by the messages around it. */
function takeGroup(queue: Operation[]): Operation[] {
  if (queue[0]?.kind === "delete") return queue.splice(0, 1);
  let size = 0;
  const end = queue.findIndex((operation, index) => {
    if (operation.kind === "delete") return true;
    size += operation.size;
    return index > 0 && size > LARGEST_GROUP;
  });
  return queue.splice(0, end === -1 ? queue.length : end);
}

function rowId([, , milliseconds, sequence]: sql.MessageRow): MessageId {
  return formatMessageId({ milliseconds, sequence });
}

function unavailable(cause: unknown): AppError {
  return new AppError(
    "buffer_unavailable",
    "The live buffer cannot be reached right now. Please try again.",
    { cause },
  );
}
