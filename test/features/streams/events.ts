import { createParser } from "eventsource-parser";
import type { Rider } from "../../support/accounts.ts";
import type { StoredMessage } from "./streams.ts";

type Payload =
  | { type: "connected"; streamName: string }
  | { type: "message"; stream: string; streamName: string; id: string; data: StoredMessage["data"] }
  | { type: "stream_deleted"; streamName: string };

/** One server-sent event: the value of its `id:` line, where it has one, and the JSON of its `data:` line. */
export type LiveEvent = { id: string | undefined; payload: Payload };

/** Listens; nothing is read from the connection before it is asked for. */
export async function listen(rider: Rider, path: string, headers: Record<string, string> = {}) {
  const response = await rider.request(path, { headers });
  if (response.status !== 200 || !response.body)
    throw new Error(`${response.status} ${await response.text()}`);
  const reader = response.body.getReader();
  const arrived: LiveEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => arrived.push({ id, payload: JSON.parse(data) as Payload }),
  });
  const decoder = new TextDecoder();

  /** The next event; null at the end of the connection. */
  async function next(): Promise<LiveEvent | null> {
    for (;;) {
      const event = arrived.shift();
      if (event) return event;
      const { done, value } = await reader.read();
      if (done) return null;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  return {
    contentType: response.headers.get("Content-Type"),
    next,
    async take(count: number): Promise<LiveEvent[]> {
      const events: LiveEvent[] = [];
      while (events.length < count) {
        const event = await next();
        if (!event) throw new Error(`The connection ended after ${events.length} of ${count} events.`);
        events.push(event);
      }
      return events;
    },
    /** Everything up to the end of the connection. */
    async rest(): Promise<LiveEvent[]> {
      const events: LiveEvent[] = [];
      for (let event = await next(); event; event = await next()) events.push(event);
      return events;
    },
    leave: () => reader.cancel(),
  };
}

/** The texts of the messages among the events. */
export function textsOf(events: readonly LiveEvent[]): string[] {
  return events.flatMap(({ payload }) => (payload.type === "message" ? [payload.data.message] : []));
}

export function connected(streamName: string): LiveEvent {
  return { id: undefined, payload: { type: "connected", streamName } };
}

export function deleted(streamName: string): LiveEvent {
  return { id: undefined, payload: { type: "stream_deleted", streamName } };
}

export function message(streamName: string, id: string, data: StoredMessage["data"]): LiveEvent {
  return { id, payload: { type: "message", stream: streamName, streamName, id, data } };
}
