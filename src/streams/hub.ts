import { AppError } from "../errors.ts";
import { LISTENER_LIMITS, type ListenerLimits } from "../limits.ts";
import type { MessageId, StreamBuffer, StreamKey } from "./buffer.ts";
import { type Channel, openChannel } from "./channel.ts";
import type { HubEvent } from "./listener.ts";

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
   * @throws AppError too_many_listeners.
   */
  subscribe(
    owner: string,
    options: { streamName?: string | undefined; after?: MessageId | undefined },
  ): Promise<Subscription>;
  /** Says that something has been stored for this owner. */
  notify(owner: string): void;
  /**
   * Deletes from the buffer, as StreamBuffer.delete does. Those who listen hear all of it before its end, unless
   * they are too slow.
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

/**
 * Fans the live data of this process out. The buffer is the only source: a notification says that there is
 * something to read, never what, so nothing is missed, doubled or out of order. `onError` is told once when the
 * buffer cannot be read, however many channels find out, until all of them can read it again.
 */
export function createHub(
  buffer: StreamBuffer,
  onError: (error: unknown) => void,
  limits: ListenerLimits = LISTENER_LIMITS,
): Hub {
  const channels = new Map<string, Channel>();
  /** Owners whose data cannot be read at the moment. */
  const failing = new Set<string>();
  /** Of each owner the last deletion under way; they go one after another. */
  const deletions = new Map<string, Promise<unknown>>();
  let closed = false;

  function channelOf(owner: string): Channel {
    const existing = channels.get(owner);
    if (existing) return existing;
    const channel = openChannel(buffer, owner, {
      onRead: () => failing.delete(owner),
      onFailure(error) {
        if (failing.size === 0) onError(error);
        failing.add(owner);
      },
      onEmpty() {
        failing.delete(owner);
        channels.delete(owner);
      },
    });
    channels.set(owner, channel);
    return channel;
  }

  function size(): number {
    let listeners = 0;
    for (const channel of channels.values()) listeners += channel.size;
    return listeners;
  }

  function requireRoom(owner: string): void {
    const own = channels.get(owner)?.size ?? 0;
    if (own < limits.ofOwner && size() < limits.ofInstance) return;
    const who = own < limits.ofOwner ? "this server" : "your streams";
    throw new AppError(
      "too_many_listeners",
      `As many listen to ${who} as may at a time. Please try again later.`,
    );
  }

  /** What is gone from a buffer of our own cannot be read any more: first those who listen must have all of it. */
  async function deleteDrained(key: StreamKey, through?: MessageId): Promise<boolean> {
    await channels.get(key.owner)?.drain(key.name);
    const wasThere = await buffer.delete(key, through);
    const channel = channels.get(key.owner);
    if (channel && wasThere && !(await buffer.info(key))) channel.announceDeleted(key.name);
    return wasThere;
  }

  /** Who comes meanwhile waits. */
  async function deleteInTurn(key: StreamKey, through?: MessageId): Promise<boolean> {
    const deletion = (deletions.get(key.owner) ?? Promise.resolve()).then(() => deleteDrained(key, through));
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
  }

  return {
    async subscribe(owner, { streamName, after }) {
      await deletions.get(owner);
      requireRoom(owner);
      const channel = channelOf(owner);
      const listener = await channel.enter(streamName, after);
      if (closed) channel.leave(listener);
      return {
        next: () => channel.next(listener),
        over: listener.ended,
        close: () => channel.leave(listener),
      };
    },

    notify(owner) {
      const channel = channels.get(owner);
      channel?.refresh().catch((error) => {
        // Where nobody listens any longer, as when the service stops, nobody misses anything.
        if (channels.get(owner) === channel) onError(error);
      });
    },

    async deleteStream(key, through) {
      if (!buffer.isShared) return deleteInTurn(key, through);
      // A shared buffer has for a while what was deleted: every instance reads from it what its listeners lack.
      const wasThere = await buffer.delete(key, through);
      await channels.get(key.owner)?.refresh();
      return wasThere;
    },

    disconnect(owner) {
      channels.get(owner)?.finish();
    },

    get size() {
      return size();
    },

    get closed() {
      return closed;
    },

    close() {
      closed = true;
      for (const channel of [...channels.values()]) channel.close();
    },
  };
}
