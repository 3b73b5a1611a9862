import type { MessageId, StreamEntry, StreamMessage } from "./buffer.ts";
import { compareMessageIds, FIRST_MESSAGE_ID } from "./message-id.ts";
import { ENTRY_WEIGHT, PageSize, weightOf } from "./page-size.ts";

/** What a listener is given: messages in the order of their ids, or the end of a stream. */
export type HubEvent =
  | { type: "messages"; messages: StreamMessage[] }
  /** Only a buffer that is shared gives ends an id, after which a listener may come back. */
  | { type: "deleted"; streamName: string; id?: MessageId };

/** Characters that may wait for a listener to take them; one that is farther behind when more comes is cut off. */
export const LARGEST_BACKLOG = 1_000_000;

/** How many messages at most, and about how many characters, a replay reads at once. */
const LARGEST_PAGE = 500;
const PAGE_WEIGHT = 200_000;

/** One listener's queue. It replays (`live` false: fed by its own reading) until it has caught up with the others. */
export class Listener {
  live = false;
  over = false;
  /** Of the pages of the replay. */
  readonly page = new PageSize(LARGEST_PAGE, PAGE_WEIGHT);
  /** Of streams that ended after this id the replay has what is left of them. */
  endedAfter: MessageId = FIRST_MESSAGE_ID;
  /** Everything up to here was stored before this listener came. */
  #arrival: MessageId = FIRST_MESSAGE_ID;
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

  /** Notes the newest id there is when the listener comes. */
  arrive(tail: MessageId): void {
    this.#arrival = tail;
    // An id from the future, of a buffer that is no more, would keep the listener deaf until then.
    if (compareMessageIds(this.cursor, tail) > 0) this.cursor = tail;
    // Who comes back hears the rest of what has ended meanwhile; who hears all there is, only what ends from now on.
    this.endedAfter = this.cursor === FIRST_MESSAGE_ID ? tail : this.cursor;
  }

  /** Queues a page of the replay. */
  replayed(page: readonly StreamEntry[]): void {
    const last = page.at(-1);
    if (!last) return;
    this.deliver(page);
    this.cursor = last.id;
    this.page.learn(page);
  }

  /** Goes back to the newest id there is, where the buffer that gave out later ones is no more. */
  rewind(newest: MessageId): void {
    if (compareMessageIds(this.cursor, newest) <= 0) return;
    this.cursor = newest;
    this.endedAfter = newest;
    this.#arrival = newest;
  }

  /** From now on the listener hears what the others hear, who have had everything up to `cursor`. */
  join(cursor: MessageId): void {
    for (const passed of [cursor, this.#arrival]) {
      if (compareMessageIds(passed, this.cursor) > 0) this.cursor = passed;
    }
    this.live = true;
    this.#caughtUp.resolve();
  }

  deliver(entries: readonly StreamEntry[]): void {
    // They are in order, and mostly all of them are new: of the ids one is looked at, for there may be many listeners.
    const first = entries.findIndex(({ id }) => compareMessageIds(id, this.cursor) > 0);
    if (first === -1) return;
    const fresh = entries.slice(first).filter(({ streamName }) => this.wants(streamName));
    let messages: StreamMessage[] = [];
    for (const entry of fresh) {
      if (entry.data !== null) {
        messages.push(entry);
        continue;
      }
      this.#deliverMessages(messages);
      messages = [];
      this.announceDeleted(entry.streamName, entry.id);
    }
    this.#deliverMessages(messages);
  }

  #deliverMessages(messages: StreamMessage[]): void {
    const last = messages.at(-1);
    if (last) this.#push({ type: "messages", messages }, last.id);
  }

  /** Tells of a deleted stream; for one that listens to that stream alone it is the last thing it hears. */
  announceDeleted(streamName: string, id?: MessageId): void {
    this.#push({ type: "deleted", streamName, ...(id && { id }) }, id);
    this.#ending ||= this.streamName !== undefined;
  }

  /** The oldest event waiting; undefined when there is none yet. */
  take(): HubEvent | undefined {
    const event = this.#queue.shift();
    if (event) this.#backlog -= eventWeight(event);
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

  /** Queues an event after which the listener has heard everything up to `cursor`. */
  #push(event: HubEvent, cursor: MessageId = this.cursor): void {
    if (this.#ending || this.over) return;
    // Not for an end: a buffer of our own does not have the messages before it any more.
    if (event.type === "messages" && this.#backlog > LARGEST_BACKLOG) {
      this.end();
      return;
    }
    this.cursor = cursor;
    this.#backlog += eventWeight(event);
    this.#queue.push(event);
    this.#wake?.();
  }
}

function eventWeight(event: HubEvent): number {
  return event.type === "messages" ? weightOf(event.messages) : ENTRY_WEIGHT;
}
