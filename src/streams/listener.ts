import type { MessageId, StreamMessage } from "./buffer.ts";
import { compareMessageIds } from "./message-id.ts";

/** What a listener is given: messages in the order of their ids, or the end of a stream. */
export type HubEvent =
  | { type: "messages"; messages: StreamMessage[] }
  | { type: "deleted"; streamName: string };

/** Characters that may wait for a listener to take them; one that is farther behind when more comes is cut off. */
const LARGEST_BACKLOG = 1_000_000;

/** How many messages, and about how many characters, a replay reads at once. */
const SMALLEST_PAGE = 8;
const LARGEST_PAGE = 500;
const PAGE_WEIGHT = 200_000;

/** One listener's queue. It replays (`live` false: fed by its own reading) until it has caught up with the others. */
export class Listener {
  live = false;
  over = false;
  /** How many messages the next page of the replay should have: few until it is known how large they are. */
  page = SMALLEST_PAGE;
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #queue: HubEvent[] = [];
  #backlog = 0;
  #ending = false;
  #wake: (() => void) | undefined;

  constructor(
    /** Undefined listens to every stream of the owner. */
    readonly streamName: string | undefined,
    /** The last message that was given to this listener. */
    public cursor: MessageId,
  ) {}

  wants(streamName: string): boolean {
    return this.streamName === undefined || this.streamName === streamName;
  }

  /** Resolves when the listener is live, or over. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Notes a page of the replay, which has been given to the listener. */
  replayed(messages: StreamMessage[], last: MessageId): void {
    this.cursor = last;
    const fitting = Math.floor((PAGE_WEIGHT / weight(messages)) * messages.length);
    this.page = Math.max(1, Math.min(fitting, this.page * 4, LARGEST_PAGE));
  }

  join(cursor: MessageId): void {
    if (compareMessageIds(cursor, this.cursor) > 0) this.cursor = cursor;
    this.live = true;
    this.#caughtUp.resolve();
  }

  deliver(messages: StreamMessage[]): void {
    const fresh = messages.filter(
      ({ id, streamName }) => this.wants(streamName) && compareMessageIds(id, this.cursor) > 0,
    );
    const last = fresh.at(-1);
    if (!last || this.#ending) return;
    this.cursor = last.id;
    if (this.#backlog > LARGEST_BACKLOG) {
      this.end();
    } else {
      this.#backlog += weight(fresh);
      this.#push({ type: "messages", messages: fresh });
    }
  }

  /** Tells of a deleted stream; for one that listens to that stream alone it is the last thing it hears. */
  announceDeleted(streamName: string): void {
    this.#ending = this.streamName !== undefined;
    this.#push({ type: "deleted", streamName });
  }

  /** The oldest event waiting; undefined when there is none yet. */
  take(): HubEvent | undefined {
    const event = this.#queue.shift();
    if (event?.type === "messages") this.#backlog -= weight(event.messages);
    if (!event && this.#ending) this.end();
    return event;
  }

  async waiting(): Promise<void> {
    if (this.over || this.#queue.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Ends the listener when it has taken what is waiting. */
  finish(): void {
    this.#ending = true;
    this.#wake?.();
  }

  /** Ends the listener at once; what it has not taken yet it reads again when it comes back. */
  end(): void {
    this.over = true;
    this.#queue.length = 0;
    this.#caughtUp.resolve();
    this.#ended.resolve();
    this.#wake?.();
  }

  #push(event: HubEvent): void {
    this.#queue.push(event);
    this.#wake?.();
  }
}

function weight(messages: StreamMessage[]): number {
  return messages.reduce((sum, { data }) => sum + data.length, 0);
}
