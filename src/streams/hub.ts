import type { MessageId, StreamBuffer, StreamEntry, StreamKey } from "./buffer.ts";
import { type HubEvent, Listener } from "./listener.ts";
import { FIRST_MESSAGE_ID, followingMessageId, LAST_MESSAGE_ID } from "./message-id.ts";

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

/**
 * How often a buffer that is shared is asked for what other instances have stored, in ms: often while data flows and
 * ever more seldom as it stands still, by a share of how long it has.
 */
const SHORTEST_POLL_MS = 250;
const LONGEST_POLL_MS = 5000;
const POLL_SHARE = 1 / 20;

/** How soon a read that failed is tried again, in ms. */
const POLL_AFTER_FAILURE_MS = 1000;

/** The live listeners of one owner: whatever their number, the data is read once. */
type Channel = {
  owner: string;
  listeners: Set<Listener>;
  /** Everything up to here has been handed to the live listeners. */
  cursor: MessageId;
  ready: Promise<void>;
  stale: boolean;
  reading: Promise<void> | undefined;
  /** When something was read last, or a listener came; by performance.now(). */
  lastActive: number;
  poll: ReturnType<typeof setTimeout> | undefined;
  /** When that is; by performance.now(). */
  pollDue: number;
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
  /** Those that cannot be read at the moment. */
  const failing = new Set<Channel>();
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
      lastActive: performance.now(),
      poll: undefined,
      pollDue: 0,
    };
    channels.set(owner, channel);
    return channel;
  }

  /** Others may have stored something: a shared buffer is asked now and then, once for all who listen. */
  function schedulePoll(channel: Channel): void {
    if (!buffer.isShared || closed || channels.get(channel.owner) !== channel) return;
    const time = performance.now();
    const share = (time - channel.lastActive) * POLL_SHARE;
    const usual = Math.min(Math.max(share, SHORTEST_POLL_MS), LONGEST_POLL_MS);
    const delay = failing.has(channel) ? POLL_AFTER_FAILURE_MS : usual;
    // Never put off: listeners that come one after another would keep those that are there waiting.
    if (channel.poll && channel.pollDue <= time + delay) return;
    clearTimeout(channel.poll);
    channel.pollDue = time + delay;
    channel.poll = setTimeout(poll, delay, channel);
    channel.poll.unref();
  }

  async function poll(channel: Channel): Promise<void> {
    clearTimeout(channel.poll);
    channel.poll = undefined;
    try {
      await refresh(channel);
      failing.delete(channel);
    } catch (error) {
      failed(channel, error);
    }
    schedulePoll(channel);
  }

  /** The listeners of a shared buffer stay while it is away, and go on when it is back; it is reported once. */
  function failed(channel: Channel, error: unknown): void {
    if (channels.get(channel.owner) !== channel) return;
    if (failing.size === 0) onError(error);
    failing.add(channel);
  }

  function leave(channel: Channel, listener: Listener): void {
    listener.end();
    channel.listeners.delete(listener);
    if (channel.listeners.size > 0 || channels.get(channel.owner) !== channel) return;
    channels.delete(channel.owner);
    failing.delete(channel);
    clearTimeout(channel.poll);
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
        const { owner, cursor } = channel;
        const entries = await buffer.readAfter(owner, cursor, LIVE_PAGE, cursor);
        const last = entries.at(-1);
        if (!last) continue;
        channel.cursor = last.id;
        channel.lastActive = performance.now();
        channel.stale ||= entries.length === LIVE_PAGE;
        for (const listener of channel.listeners) if (listener.live) listener.deliver(entries);
      }
    } finally {
      channel.reading = undefined;
    }
  }

  async function replay(channel: Channel, listener: Listener): Promise<void> {
    const liveCursor = channel.cursor;
    const page = await readReplay(channel.owner, listener);
    if (page.length > 0) listener.replayed(page);
    // Nothing left to replay, and nothing went to the others meanwhile: from here on they hear the same.
    else if (channel.cursor === liveCursor) listener.join(liveCursor);
  }

  function readReplay(owner: string, listener: Listener): Promise<StreamEntry[]> {
    const { streamName, cursor, page, endedAfter } = listener;
    // Of a stream that another instance deletes meanwhile, only this has the rest and the end.
    if (streamName === undefined || buffer.isShared) return buffer.readAfter(owner, cursor, page, endedAfter);
    return buffer.range({ owner, name: streamName }, followingMessageId(cursor), LAST_MESSAGE_ID, page);
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
      try {
        await replay(channel, listener);
      } catch (error) {
        if (!buffer.isShared) throw error;
        failed(channel, error);
        await Promise.race([Bun.sleep(POLL_AFTER_FAILURE_MS), listener.ended]);
      }
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
    const channel = channels.get(key.owner);
    // Of a shared buffer's streams the listeners of every instance hear from the buffer itself that they are gone.
    if (channel && buffer.isShared) await poll(channel);
    else if (wasThere && !(await buffer.info(key))) announceDeleted(key);
    return wasThere;
  }

  return {
    async subscribe(owner, { streamName, after }) {
      await deletions.get(owner);
      const channel = openChannel(owner);
      const listener = new Listener(streamName, after ?? FIRST_MESSAGE_ID);
      channel.listeners.add(listener);
      listener.ended.then(() => leave(channel, listener));
      let tail: MessageId;
      try {
        await channel.ready;
        tail = await buffer.tail(owner);
      } catch (error) {
        leave(channel, listener);
        throw error;
      }
      listener.arrive(tail);
      channel.lastActive = performance.now();
      schedulePoll(channel);
      if (closed) listener.end();
      else if (after === undefined) listener.join(tail);
      return {
        next: () => next(channel, listener),
        over: listener.ended,
        close: () => leave(channel, listener),
      };
    },

    notify(owner) {
      const channel = channels.get(owner);
      if (!channel) return;
      // A read that fails leaves the cursor where it is, and the next one goes on from there.
      if (buffer.isShared) void poll(channel);
      else refresh(channel).catch(onError);
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
      for (const channel of channels.values()) {
        clearTimeout(channel.poll);
        for (const listener of channel.listeners) listener.end();
      }
    },
  };
}
