import type { MessageId, StreamBuffer, StreamKey, StreamMessage } from "./buffer.ts";
import { type HubEvent, Listener } from "./listener.ts";
import { compareMessageIds, FIRST_MESSAGE_ID, followingMessageId, LAST_MESSAGE_ID } from "./message-id.ts";

export type { HubEvent } from "./listener.ts";

export interface Subscription {
  /** The next event; null once the subscription is over: its stream deleted, closed here, or cut off. */
  next(): Promise<HubEvent | null>;
  /** Resolves when the subscription is over, though its reader may not have asked for more. */
  readonly over: Promise<void>;
  close(): void;
}

export interface Hub {
  /**
   * Listens to one stream, or without a name to all of the owner's: from now on, or from the message after
   * `after`. What is stored once this has resolved is heard.
   */
  subscribe(
    owner: string,
    options: { streamName?: string | undefined; after?: MessageId | undefined },
  ): Promise<Subscription>;
  /** Says that something has been stored for this owner. */
  notify(owner: string): void;
  /**
   * Deletes from the buffer, as StreamBuffer.delete does, once those who listen have all of it or are too slow;
   * who comes meanwhile waits. Tells of the end of the stream if nothing of it is left.
   */
  deleteStream(key: StreamKey, through?: MessageId): Promise<boolean>;
  /** Ends the owner's subscriptions; who may still listen comes back, and hears all of it. */
  disconnect(owner: string): void;
  /** How many are listening. */
  readonly size: number;
  readonly closed: boolean;
  /** Ends every subscription, and those still to come at once. */
  close(): void;
}

/** Messages read at once for those who are live. */
const LIVE_PAGE = 100;

/** How long a deletion waits for listeners that are still replaying, in milliseconds. */
const LONGEST_DRAIN_MS = 2000;

/** The live listeners of one owner: whatever their number, the data is read once. */
type Channel = {
  owner: string;
  listeners: Set<Listener>;
  /** Everything up to here has been handed to the live listeners. */
  cursor: MessageId;
  ready: Promise<void>;
  stale: boolean;
  reading: Promise<void> | undefined;
};

/**
 * Fans the live data of this process out. The buffer is the only source: a notification says that there is
 * something to read, never what, so nothing is missed, doubled or out of order. A new listener replays by
 * reading for itself, at its own pace, and joins the others when a read finds nothing that they have not had.
 */
export function createHub(buffer: StreamBuffer, onError: (error: unknown) => void): Hub {
  const channels = new Map<string, Channel>();
  /** Of each owner the last deletion under way; they go one after another. */
  const deletions = new Map<string, Promise<unknown>>();
  let closed = false;

  function openChannel(owner: string): Channel {
    const existing = channels.get(owner);
    if (existing) return existing;
    const channel: Channel = {
      owner,
      listeners: new Set(),
      cursor: "",
      ready: buffer.tail(owner).then((tail) => {
        channel.cursor = tail;
      }),
      stale: false,
      reading: undefined,
    };
    channels.set(owner, channel);
    return channel;
  }

  function leave(channel: Channel, listener: Listener): void {
    listener.end();
    channel.listeners.delete(listener);
    if (channel.listeners.size === 0 && channels.get(channel.owner) === channel)
      channels.delete(channel.owner);
  }

  /** Resolves when the live listeners have been handed everything stored before this call. */
  function refresh(channel: Channel): Promise<void> {
    channel.stale = true;
    channel.reading ??= readOn(channel);
    return channel.reading;
  }

  async function readOn(channel: Channel): Promise<void> {
    try {
      await channel.ready;
      while (channel.stale) {
        channel.stale = false;
        const messages = await buffer.readAfter(channel.owner, channel.cursor, LIVE_PAGE);
        const last = messages.at(-1);
        if (!last) continue;
        channel.cursor = last.id;
        channel.stale ||= messages.length === LIVE_PAGE;
        for (const listener of channel.listeners) if (listener.live) listener.deliver(messages);
      }
    } finally {
      channel.reading = undefined;
    }
  }

  async function replay(channel: Channel, listener: Listener): Promise<StreamMessage[]> {
    const liveCursor = channel.cursor;
    const { streamName, cursor, page } = listener;
    const messages =
      streamName === undefined
        ? await buffer.readAfter(channel.owner, cursor, page)
        : await buffer.range(
            { owner: channel.owner, name: streamName },
            followingMessageId(cursor),
            LAST_MESSAGE_ID,
            page,
          );
    const last = messages.at(-1);
    if (last) listener.replayed(messages, last.id);
    // Nothing left to replay, and nothing went to the others meanwhile: from here on they hear the same.
    else if (channel.cursor === liveCursor) listener.join(liveCursor);
    return messages;
  }

  async function next(channel: Channel, listener: Listener): Promise<HubEvent | null> {
    while (!listener.over) {
      const event = listener.take();
      if (event) return event;
      if (listener.over) break;
      if (listener.live) {
        await listener.waiting();
        continue;
      }
      const messages = await replay(channel, listener);
      if (messages.length > 0 && !listener.over) return { type: "messages", messages };
    }
    leave(channel, listener);
    return null;
  }

  /** Resolves when whoever listens to the stream has all of it, or has been too slow. */
  async function drain({ owner, name }: StreamKey): Promise<void> {
    const channel = channels.get(owner);
    if (!channel) return;
    await refresh(channel);
    const replaying = [...channel.listeners].filter((listener) => !listener.live && listener.wants(name));
    if (replaying.length === 0) return;
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, LONGEST_DRAIN_MS);
    await Promise.race([Promise.all(replaying.map((listener) => listener.caughtUp)), limit.promise]);
    clearTimeout(timer);
    for (const listener of replaying) if (!listener.live) listener.end();
  }

  function announceDeleted({ owner, name }: StreamKey): void {
    for (const listener of channels.get(owner)?.listeners ?? []) {
      if (listener.live && listener.wants(name)) listener.announceDeleted(name);
    }
  }

  async function deleteDrained(key: StreamKey, through?: MessageId): Promise<boolean> {
    await drain(key);
    const wasThere = await buffer.delete(key, through);
    if (wasThere && !(await buffer.info(key))) announceDeleted(key);
    return wasThere;
  }

  return {
    async subscribe(owner, { streamName, after }) {
      await deletions.get(owner);
      const channel = openChannel(owner);
      const listener = new Listener(streamName, after ?? FIRST_MESSAGE_ID);
      channel.listeners.add(listener);
      listener.ended.then(() => leave(channel, listener));
      try {
        await channel.ready;
        const tail = await buffer.tail(owner);
        // An id from the future, of a buffer that is no more, would keep the listener deaf until then.
        if (compareMessageIds(listener.cursor, tail) > 0) listener.cursor = tail;
      } catch (error) {
        leave(channel, listener);
        throw error;
      }
      if (closed) listener.end();
      else if (after === undefined) listener.join(channel.cursor);
      return {
        next: () => next(channel, listener),
        over: listener.ended,
        close: () => leave(channel, listener),
      };
    },

    notify(owner) {
      const channel = channels.get(owner);
      // A read that fails leaves the cursor where it is, and the next notification reads on from there.
      if (channel) refresh(channel).catch(onError);
    },

    async deleteStream(key, through) {
      const before = deletions.get(key.owner);
      const deletion = (async () => {
        await before;
        return deleteDrained(key, through);
      })();
      const settled = deletion.then(
        () => {},
        () => {},
      );
      deletions.set(key.owner, settled);
      try {
        return await deletion;
      } finally {
        if (deletions.get(key.owner) === settled) deletions.delete(key.owner);
      }
    },

    disconnect(owner) {
      for (const listener of channels.get(owner)?.listeners ?? []) listener.finish();
    },

    get size() {
      let listeners = 0;
      for (const channel of channels.values()) listeners += channel.listeners.size;
      return listeners;
    },

    get closed() {
      return closed;
    },

    close() {
      closed = true;
      for (const channel of channels.values()) for (const listener of channel.listeners) listener.end();
    },
  };
}
