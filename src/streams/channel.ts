import { withinTime } from "../time-limit.ts";
import type { MessageId, StreamBuffer } from "./buffer.ts";
import { type HubEvent, Listener } from "./listener.ts";
import { compareMessageIds, FIRST_MESSAGE_ID } from "./message-id.ts";
import { PageSize } from "./page-size.ts";
import { createPoll, RETRY_MS } from "./poll.ts";
import { createTurnstile } from "./turnstile.ts";

/** How many messages at most, and about how many characters, are read at once for those who are live. */
const LARGEST_PAGE = 100;
const PAGE_WEIGHT = 1_000_000;

/**
 * Between the starts of two reads of a shared buffer, in ms, unless the first gave a full page: what is posted here
 * wakes the reader, and must not cost a command for each post. What is read from a buffer of our own costs none.
 */
const SHARED_GAP_MS = 100;

/** How long a deletion waits for listeners that are still replaying, in milliseconds. */
const LONGEST_DRAIN_MS = 2000;

/** The listeners of one owner: for the live ones, whatever their number, the data is read once. */
export interface Channel {
  readonly size: number;
  /** Resolves once the listener hears what is stored from then on. */
  enter(streamName: string | undefined, after: MessageId | undefined): Promise<Listener>;
  /** The listener's next event; null once it is over. */
  next(listener: Listener): Promise<HubEvent | null>;
  leave(listener: Listener): void;
  /** Resolves when the live listeners have been handed everything stored before this call, or cannot be now. */
  refresh(): Promise<void>;
  /** Resolves when whoever listens to the stream has all of it, or has been too slow. Of a buffer of our own. */
  drain(streamName: string): Promise<void>;
  /** Tells the live listeners of the end of a stream. Of a buffer of our own; a shared one tells of it itself. */
  announceDeleted(streamName: string): void;
  /** Ends the listeners when they have taken what is waiting for them. */
  finish(): void;
  /** Ends the listeners at once. */
  close(): void;
}

/** What a channel tells. */
export type ChannelReports = {
  /** The buffer was read. */
  onRead(): void;
  /** The buffer could not be read, and this will be tried again. */
  onFailure(error: unknown): void;
  /** Nobody is left. */
  onEmpty(): void;
};

/**
 * A new listener replays by reading for itself, at its own pace, and joins the others when a read finds nothing that
 * they have not had.
 */
export function openChannel(
  buffer: StreamBuffer,
  owner: string,
  { onRead, onFailure, onEmpty }: ChannelReports,
): Channel {
  const listeners = new Set<Listener>();
  /** Everything up to here has been handed to the live listeners. */
  let cursor: MessageId = FIRST_MESSAGE_ID;
  const page = new PageSize(LARGEST_PAGE, PAGE_WEIGHT);
  let open = true;
  const ready = buffer.tail(owner).then((tail) => {
    cursor = tail;
  });
  const refresh = createTurnstile(buffer.isShared ? look : readLive, buffer.isShared ? SHARED_GAP_MS : 0);
  const poll = createPoll(refresh);

  /** The listeners of a shared buffer stay while it is away, and go on when it is back. */
  async function look(): Promise<void> {
    poll.stop();
    if (!open) return;
    try {
      await readLive();
      reportRead();
      planLook();
    } catch (error) {
      reportFailure(error);
      page.shrink();
      planLook(RETRY_MS);
    }
  }

  function planLook(delay?: number): void {
    if (open && buffer.isShared) poll.plan(delay);
  }

  function reportRead(): void {
    if (open) onRead();
  }

  function reportFailure(error: unknown): void {
    if (open) onFailure(error);
  }

  /** A read that fails leaves the cursor where it is, and the next one goes on from there. */
  async function readLive(): Promise<void> {
    await ready;
    while (open) {
      const { count } = page;
      const { entries, cursor: reached } = await buffer.readAfter({ owner }, cursor, count, cursor);
      const live = [...listeners].filter((listener) => listener.live);
      if (compareMessageIds(reached, cursor) < 0) for (const listener of live) listener.rewind(reached);
      cursor = reached;
      if (entries.length === 0) return;
      page.learn(entries);
      poll.active();
      for (const listener of live) listener.deliver(entries);
      if (entries.length < count) return;
    }
  }

  async function replay(listener: Listener): Promise<void> {
    const { streamName: name, cursor: after, page, endedAfter } = listener;
    const liveCursor = cursor;
    const read = await buffer.readAfter({ owner, name }, after, page.count, endedAfter);
    listener.rewind(read.cursor);
    if (read.entries.length > 0) listener.replayed(read.entries);
    // Nothing left to replay, and nothing went to the others meanwhile: from here on they hear the same.
    else if (cursor === liveCursor) listener.join(liveCursor);
  }

  function leave(listener: Listener): void {
    listener.end();
    if (!listeners.delete(listener) || listeners.size > 0) return;
    open = false;
    poll.stop();
    onEmpty();
  }

  return {
    get size() {
      return listeners.size;
    },

    async enter(streamName, after) {
      const listener = new Listener(streamName, after ?? FIRST_MESSAGE_ID);
      listeners.add(listener);
      listener.ended.then(() => leave(listener));
      try {
        await ready;
        listener.arrive(await buffer.tail(owner));
      } catch (error) {
        leave(listener);
        throw error;
      }
      if (after === undefined) listener.join(listener.cursor);
      poll.active();
      planLook();
      return listener;
    },

    async next(listener) {
      while (!listener.over) {
        const event = listener.take();
        if (event) return event;
        if (listener.over) break;
        if (listener.live) {
          await listener.waiting();
          continue;
        }
        try {
          await replay(listener);
        } catch (error) {
          if (!buffer.isShared) throw error;
          reportFailure(error);
          listener.page.shrink();
          await withinTime(listener.waiting(), RETRY_MS, () => {});
        }
      }
      leave(listener);
      return null;
    },

    leave,
    refresh,

    async drain(streamName) {
      await refresh();
      const replaying = [...listeners].filter((listener) => !listener.live && listener.wants(streamName));
      if (replaying.length === 0) return;
      const caughtUp = Promise.all(replaying.map((listener) => listener.caughtUp));
      await withinTime(caughtUp, LONGEST_DRAIN_MS, () => {});
      for (const listener of replaying) if (!listener.live) listener.end();
    },

    announceDeleted(streamName) {
      for (const listener of listeners) {
        if (listener.live && listener.wants(streamName)) listener.announceDeleted(streamName);
      }
    },

    finish() {
      for (const listener of listeners) listener.finish();
    },

    close() {
      for (const listener of [...listeners]) leave(listener);
    },
  };
}
