import { createParser } from "eventsource-parser";

type StreamEvent =
  | { type: "connected"; streamName: string }
  | {
      type: "message";
      stream: string;
      streamName: string;
      id: string;
      data: { message: string; timestamp: number; author?: string };
    }
  | { type: "stream_deleted"; streamName: string };

export type MessageEvent = Extract<StreamEvent, { type: "message" }>;

/** One event: the `id:` of its own, and its data parsed. */
export type ServerEvent = { id: string | undefined; data: StreamEvent };

/** Events as they come; ends when the server ends them or `close` was called, throws when the connection breaks. */
export interface EventReader extends AsyncIterable<ServerEvent>, Disposable {
  next(): Promise<IteratorResult<ServerEvent, undefined>>;
  /** What came so far of comments, which are the heartbeats. */
  readonly comments: readonly string[];
  close(): void;
}

/** Resolves when the server has answered: what is stored from then on is heard. */
export async function openEvents(url: string, headers: Record<string, string>): Promise<EventReader> {
  const controller = new AbortController();
  const response = await fetch(url, { headers, signal: controller.signal });
  if (!response.ok || !response.body)
    throw new Error(`No events: ${response.status} ${await response.text()}`);
  const comments: string[] = [];
  const events = read(response.body, controller.signal, comments);
  const close = () => controller.abort();
  return {
    comments,
    close,
    next: () => events.next(),
    [Symbol.asyncIterator]: () => events,
    [Symbol.dispose]: close,
  };
}

async function* read(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  comments: string[],
): AsyncGenerator<ServerEvent, undefined> {
  const arrived: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => arrived.push({ id, data: JSON.parse(data) as StreamEvent }),
    onComment: (comment) => comments.push(comment),
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* arrived.splice(0);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The next `count` messages, or fewer when the events end before. */
export async function takeMessages(events: EventReader, count: number): Promise<MessageEvent[]> {
  const messages: MessageEvent[] = [];
  while (messages.length < count) {
    const { value, done } = await events.next();
    if (done) break;
    if (value.data.type === "message") messages.push(value.data);
  }
  return messages;
}

/** All that is to come until the server ends it. */
export async function takeAll(events: EventReader): Promise<ServerEvent[]> {
  return Array.fromAsync(events);
}
