/** `<milliseconds>-<sequence>`, strictly increasing over all the streams of one owner. */
export type MessageId = string;

export type StreamKey = { owner: string; name: string };

/** One stream of an owner, or without a name all of them. */
type StreamScope = { owner: string; name?: string | undefined };

export type StreamMessage = {
  id: MessageId;
  streamName: string;
  /** JSON text of a MessageData: it goes to listeners as it is, without being parsed again. */
  data: string;
};

/** The end of a stream, as it stands among messages: it was deleted, be it by another instance. */
type StreamEnd = { id: MessageId; streamName: string; data: null };

export type StreamEntry = StreamMessage | StreamEnd;

type StreamPage = {
  entries: StreamEntry[];
  /** After which the next page begins. Before the one that was asked for only where the buffer has been replaced since. */
  cursor: MessageId;
};

export type MessageData = {
  message: string;
  /** Epoch ms of arrival. */
  timestamp: number;
  author?: string;
};

export type StreamInfo = {
  name: string;
  owner: string;
  length: number;
  firstMessageId: MessageId | null;
  lastMessageId: MessageId | null;
  /** Epoch ms of the last message, or of the creation while there is none. */
  lastActivity: number;
  /** Set where the store has lost the first of the messages that it had acknowledged, or all of them. */
  hasLost?: true;
};

/**
 * The live buffer: all the writes of a ride in progress. Every method rejects with AppError
 * `buffer_unavailable` when the store cannot be reached; test/contracts/stream-buffer.ts says the rest.
 */
export interface StreamBuffer {
  readonly backend: "embedded" | "redis";
  /** Whether other instances write into it too; then `readAfter` can also tell of the ends of streams. */
  readonly isShared: boolean;
  /**
   * Makes the stream if it is not there; the id is that of its newest message, or a place before its first.
   * Rejects with AppError too_many_streams where the owner has as many as there may be.
   */
  create(key: StreamKey): Promise<MessageId>;
  /**
   * Resolves once all of `data` (JSON texts of MessageData) survives a crash, with their ids in order. All or nothing.
   * Rejects with AppError stream_full, too_many_streams beyond the limits.
   */
  append(key: StreamKey, data: readonly string[]): Promise<MessageId[]>;
  /**
   * Messages with start ≤ id ≤ end, oldest first; empty where the stream has been deleted. From the very beginning, rejects
   * with `buffer_unavailable` where the store is known to have lost any: nobody is to take the rest for all.
   */
  range(key: StreamKey, start: MessageId, end: MessageId, count: number): Promise<StreamMessage[]>;
  /**
   * Messages in scope with id > after, in the order of their ids; fewer than `count` only where there are no more.
   * Where the buffer is shared, with `endedAfter` also those that were deleted after that id and in the last ten
   * minutes, and the ends of streams of the last day.
   */
  readAfter(
    scope: StreamScope,
    after: MessageId,
    count: number,
    endedAfter?: MessageId | undefined,
  ): Promise<StreamPage>;
  /** An id that no message of the owner has passed yet: where "from now on" begins. */
  tail(owner: string): Promise<MessageId>;
  /** Has ids go on after one that was given out, be it by a buffer that this one has replaced. */
  advance(id: MessageId): void;
  list(owner?: string): Promise<StreamInfo[]>;
  info(key: StreamKey): Promise<StreamInfo | null>;
  /**
   * Deletes the stream, or with `through` its messages up to that id, and the stream once it is empty.
   * Resolves to whether a stream was there.
   */
  delete(key: StreamKey, through?: MessageId): Promise<boolean>;
  /** A short step of giving space back to the disk, where that is for this program to do; resolves to whether there is another. */
  compact(): Promise<boolean>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Resolves when the store takes a write, of which nothing is left; where that is its own server's affair, as ping does. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
