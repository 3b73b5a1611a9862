import type { AppError } from "../errors.ts";
import type { BufferLimits } from "../limits.ts";
import type { MessageId, StreamInfo, StreamKey } from "./buffer.ts";
import { streamFull, tooManyStreams } from "./full.ts";
import { compareMessageIds, formatMessageId, type IdParts } from "./message-id.ts";

/** A stream as it is kept in memory; `id` is its number in the file, `bytes` the size of its messages. */
export type StoredStream = StreamInfo & { id: number; bytes: number };

/** Messages to be stored: how many, and how many bytes. Without any, the stream is made. */
type Addition = { key: StreamKey; ids: readonly IdParts[]; bytes: number };

/** What is known of the streams of a buffer without asking the file. */
export interface StreamIndex {
  find(key: StreamKey): StoredStream | undefined;
  add(stream: StoredStream): void;
  remove(key: StreamKey): void;
  /** Tells of additions that are to be stored together, one after another, why there is no room for one. */
  admission(limits: BufferLimits): (addition: Addition) => AppError | undefined;
  /** Notes messages that have been stored at a time in epoch ms. */
  appended(addition: Addition, time: number): void;
  list(owner?: string): StoredStream[];
  /** Those of an owner's streams that have messages after an id, in the order of their first messages. */
  activeAfter(owner: string, after: MessageId): StoredStream[];
}

export function createStreamIndex(): StreamIndex {
  const owners = new Map<string, Map<string, StoredStream>>();
  const find = ({ owner, name }: StreamKey) => owners.get(owner)?.get(name);
  const ofOwner = (owner: string) => [...(owners.get(owner)?.values() ?? [])];

  return {
    find,

    add(stream) {
      const names = owners.get(stream.owner) ?? new Map<string, StoredStream>();
      owners.set(stream.owner, names.set(stream.name, stream));
    },

    remove({ owner, name }) {
      owners.get(owner)?.delete(name);
    },

    admission(limits) {
      const sizes = new Map<string, { length: number; bytes: number }>();
      const made = new Map<string, number>();
      return ({ key, ids, bytes }) => {
        const { owner, name } = key;
        const path = `${owner} ${name}`;
        const size = sizes.get(path) ?? find(key);
        const grown = { length: (size?.length ?? 0) + ids.length, bytes: (size?.bytes ?? 0) + bytes };
        if (grown.length > limits.messages || grown.bytes > limits.bytes) return streamFull(name, limits);
        if (!size) {
          const count = (owners.get(owner)?.size ?? 0) + (made.get(owner) ?? 0);
          if (count >= limits.streams) return tooManyStreams(limits);
          made.set(owner, (made.get(owner) ?? 0) + 1);
        }
        sizes.set(path, grown);
        return undefined;
      };
    },

    appended({ key, ids, bytes }, time) {
      const stream = find(key);
      const [first, last] = [ids[0], ids.at(-1)];
      if (!stream || !first || !last) return;
      stream.length += ids.length;
      stream.bytes += bytes;
      stream.firstMessageId ??= formatMessageId(first);
      stream.lastMessageId = formatMessageId(last);
      stream.lastActivity = time;
    },

    list: (owner) => (owner === undefined ? [...owners.keys()].flatMap(ofOwner) : ofOwner(owner)),

    activeAfter: (owner, after) =>
      ofOwner(owner)
        .filter(({ lastMessageId }) => lastMessageId !== null && compareMessageIds(lastMessageId, after) > 0)
        .sort((a, b) => compareMessageIds(a.firstMessageId ?? after, b.firstMessageId ?? after)),
  };
}

export function emptyStream(id: number, key: StreamKey, created: IdParts): StoredStream {
  return {
    id,
    owner: key.owner,
    name: key.name,
    length: 0,
    bytes: 0,
    firstMessageId: null,
    lastMessageId: null,
    lastActivity: created.milliseconds,
  };
}

/** Without what only the buffer needs to know; a copy, since the original goes on changing. */
export function infoOf({ id, bytes, ...info }: StoredStream): StreamInfo {
  return info;
}
