import type { Sample } from "../../src/domain/sample.ts";
import { numbersFrom } from "../cli/demo/random.ts";
import { AnswerError, type StoredMessage } from "../support/rider.ts";
import { type EventReader, openEvents, type ServerEvent } from "../support/sse.ts";

/* Riders and listeners of a service with two instances, and what they saw of it. Times are of performance.now(). */

export const STREAM = "ride";

/** How soon somebody who has been refused, or found nobody, tries again; ms. */
const RETRY_MS = 100;

/** After so long a sample that is sent again and again counts as refused, and a call as never answered; ms. */
const PATIENCE_MS = 60_000;
const CALL_LIMIT_MS = 20_000;

/** Where it serves, which a restart changes. */
export type Instance = { readonly name: string; readonly url: string };

export type Club = {
  instances: readonly [Instance, Instance];
  /** Ends everything that still waits. */
  signal: AbortSignal;
};

/** What became of sending a sample once: a status, or a connection that broke. */
export type Attempt = {
  instance: Instance;
  began: number;
  ended: number;
  status: number | "broken";
  retryAfter: string | null;
};

/** A sample, and all that it took to have it acknowledged. */
export type Post = { sample: Sample; due: number; attempts: Attempt[]; messageId: string };

/** One rider with an API key: posts samples one after another, each until it is acknowledged. */
export class ClubRider {
  readonly posts: Post[] = [];
  workoutId = "";

  constructor(
    readonly club: Club,
    readonly apiKey: string,
    /** Of those with even numbers the first sample goes to the first instance, of the others to the second. */
    readonly number: number,
  ) {}

  request(instance: Instance, method: string, path: string, json?: unknown): Promise<Response> {
    return fetch(instance.url + path, {
      method,
      headers: { "X-API-Key": this.apiKey, "Content-Type": "application/json" },
      signal: AbortSignal.any([this.club.signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
  }

  /** @throws AnswerError */
  async call<Answer>(instance: Instance, method: string, path: string, json?: unknown): Promise<Answer> {
    const response = await this.request(instance, method, path, json);
    const text = await response.text();
    if (!response.ok) throw new AnswerError(response.status, text);
    return JSON.parse(text) as Answer;
  }

  /**
   * Rides from `start` on and posts to the instances in turn. While a sample waits for its answer the next ones wait
   * for it, as on a phone that keeps their order, and then follow at once.
   * @throws Error when a sample is refused for another reason than that something is away.
   */
  async ride(start: number, { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<void> {
    const random = numbersFrom(this.number);
    for (let index = 0; index < seconds * perSecond; index++) {
      // No sensor keeps time so well that it meets every poll of an instance, or misses every one.
      const due = start + ((index + random() / 2) * 1000) / perSecond;
      await Bun.sleep(Math.max(0, due - performance.now()));
      await this.#post(sampleOf(index, perSecond), due);
    }
  }

  async #post(sample: Sample, due: number): Promise<void> {
    const post: Post = { sample, due, attempts: [], messageId: "" };
    this.posts.push(post);
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (let turn = this.number + this.posts.length - 1; performance.now() < giveUpAt; turn++) {
      this.club.signal.throwIfAborted();
      const { messageId, ...attempt } = await this.#attempt(inTurn(this.club, turn), sample);
      post.attempts.push(attempt);
      post.messageId = messageId ?? "";
      if (messageId !== undefined) return;
      if (attempt.status !== 503 && attempt.status !== "broken")
        throw new Error(`A sample was answered ${attempt.status}.`);
      await Bun.sleep(RETRY_MS);
    }
    throw new Error(`A sample was not acknowledged within ${PATIENCE_MS} ms.`);
  }

  async #attempt(instance: Instance, message: Sample): Promise<Attempt & { messageId: string | undefined }> {
    const began = performance.now();
    try {
      const path = `/api/streams/${STREAM}/messages`;
      const response = await this.request(instance, "POST", path, { message });
      const body = (await response.json()) as { messageId?: string };
      return {
        instance,
        began,
        ended: performance.now(),
        status: response.status,
        retryAfter: response.headers.get("Retry-After"),
        messageId: response.ok ? body.messageId : undefined,
      };
    } catch {
      const ended = performance.now();
      return { instance, began, ended, status: "broken", retryAfter: null, messageId: undefined };
    }
  }
}

export type Heard = { id: string; message: string; at: number; instance: Instance };

/** Watches one stream, or all of a rider's, and comes back whenever its connection ends too early. */
export class Watcher {
  readonly heard: Heard[] = [];
  /** The streams that it was told to be no more. */
  readonly deleted: string[] = [];
  /** Connections that ended too early. */
  readonly breaks: { instance: Instance; at: number }[] = [];
  #events: EventReader | undefined;
  #closed = false;

  constructor(
    readonly rider: ClubRider,
    readonly home: Instance,
    readonly path: string,
  ) {}

  /** Resolves when it listens, to a promise of the time when it has heard all that there is to hear. */
  async start(): Promise<{ finished: Promise<void> }> {
    const events = await this.#open(this.home);
    return { finished: this.#listen(events) };
  }

  close(): void {
    this.#closed = true;
    this.#events?.close();
  }

  get #isOver(): boolean {
    return this.#closed || this.rider.club.signal.aborted || (this.deleted.length > 0 && !this.#hearsAll);
  }

  get #hearsAll(): boolean {
    return this.path === "listenAll";
  }

  async #listen(first: EventReader): Promise<void> {
    let connection = { instance: this.home, events: first };
    for (;;) {
      try {
        for await (const { data } of connection.events) this.#take(data, connection.instance);
      } catch {
        // A connection that breaks is one that has ended.
      }
      if (this.#isOver) return;
      this.breaks.push({ instance: connection.instance, at: performance.now() });
      const next = await this.#comeBack();
      if (!next) return;
      connection = next;
    }
  }

  /** To its own instance, or where that is dead, to the other. */
  async #comeBack(): Promise<{ instance: Instance; events: EventReader } | undefined> {
    const [first, second] = this.rider.club.instances;
    const other = this.home === first ? second : first;
    for (let turn = 0; !this.#isOver; turn++) {
      const instance = turn % 2 === 0 ? this.home : other;
      try {
        return { instance, events: await this.#open(instance) };
      } catch {
        await Bun.sleep(RETRY_MS);
      }
    }
    return undefined;
  }

  async #open(instance: Instance): Promise<EventReader> {
    const lastId = this.heard.at(-1)?.id;
    const events = await openEvents(`${instance.url}/api/streams/${this.path}`, {
      "X-API-Key": this.rider.apiKey,
      ...(lastId !== undefined && { "Last-Event-ID": lastId }),
    });
    this.rider.club.signal.addEventListener("abort", events.close, { once: true });
    this.#events = events;
    return events;
  }

  #take(data: ServerEvent["data"], instance: Instance): void {
    if (data.type === "stream_deleted") this.deleted.push(data.streamName);
    if (data.type !== "message") return;
    this.heard.push({ id: data.id, message: data.data.message, at: performance.now(), instance });
  }
}

/** A rider, who listens, and in the end what is stored of it. */
export type Ride = { rider: ClubRider; watchers: Watcher[]; stored: StoredMessage[] };

/** The instances one after the other. */
export function inTurn({ instances: [first, second] }: Club, turn: number): Instance {
  return turn % 2 === 0 ? first : second;
}

const RIDE_START = Date.UTC(2026, 5, 1, 8);

export function sequenceIn(message: string): number {
  return (JSON.parse(message) as { sequence: number }).sequence;
}

function sampleOf(sequence: number, perSecond: number): Sample {
  return {
    timestamp: RIDE_START + Math.round((sequence * 1000) / perSecond),
    sequence,
    power: 150 + ((sequence * 37) % 200),
    cadence: 80 + (sequence % 15),
    heartrate: 120 + (sequence % 40),
  };
}
