import { type Arrival, parseArrival } from "../../domain/sample.ts";
import type { MessageData, MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { pagesOf } from "../../streams/pages.ts";

/** Messages of a stream in the order of their ids; `data` is the JSON text of each one's MessageData. */
export type MessagePage = { firstId: MessageId; lastId: MessageId; data: string[] };

/** A message that is a sample, with when it arrived, in epoch ms. */
export type ArrivedSample = Arrival & { arrivedAt: number };

/** Reads a stream from one id to another, both included, with what arrives there while it is being read. */
export async function* readPages(
  buffer: Pick<StreamBuffer, "range">,
  key: StreamKey,
  start: MessageId,
  end: MessageId,
): AsyncGenerator<MessagePage, void, void> {
  for await (const messages of pagesOf(buffer, key, { start, end, count: Number.POSITIVE_INFINITY })) {
    const [first, last] = [messages[0], messages.at(-1)];
    if (!first || !last) return;
    yield { firstId: first.id, lastId: last.id, data: messages.map(({ data }) => data) };
  }
}

/** The messages of a page that are samples. */
export function arrivalsIn({ data }: MessagePage): ArrivedSample[] {
  return data.map(parseMessage).filter((arrival) => arrival !== null);
}

function parseMessage(data: string): ArrivedSample | null {
  const { message, timestamp: arrivedAt } = JSON.parse(data) as MessageData;
  const arrival = parseArrival(message, arrivedAt);
  return arrival && { ...arrival, arrivedAt };
}
