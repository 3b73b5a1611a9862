import type { MessageId, StreamInfo, StreamKey } from "./buffer.ts";
import { compareMessageIds, formatMessageId, type IdParts } from "./message-id.ts";

/** A stream as it is kept in memory; `id` is its number in the file. */
export type StoredStream = StreamInfo & { id: number };

/** What is known of the streams of a buffer without asking the file. */
export interface StreamIndex {
  find(key: StreamKey): StoredStream | undefined;
  add(stream: StoredStream): void;
  remove(key: StreamKey): void;
  /** Notes messages that have been stored at a time in epoch ms. */
  appended(key: StreamKey, ids: readonly IdParts[], time: number): void;
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

    appended(key, ids, time) {
      const stream = find(key);
      const [first, last] = [ids[0], ids.at(-1)];
      if (!stream || !first || !last) return;
      stream.length += ids.length;
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
    firstMessageId: null,
    lastMessageId: null,
    lastActivity: created.milliseconds,
  };
}

/** Without what only the buffer needs to know; a copy, since the original goes on changing. */
export function infoOf({ id, ...info }: StoredStream): StreamInfo {
  return info;
}
