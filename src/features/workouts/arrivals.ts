import { type Arrival, parseArrival } from "../../domain/sample.ts";
import type { MessageData, MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { pagesOf } from "../../streams/pages.ts";

/** A message that is a sample, with when it arrived, in epoch ms, and how many characters it has. */
export type ArrivedSample = Arrival & { arrivedAt: number; weight: number };

/** Messages of a stream in the order of their ids. */
export type ArrivalPage = {
  firstId: MessageId;
  lastId: MessageId;
  arrivals: ArrivedSample[];
  /** Messages that are no samples. */
  skipped: number;
};

/** Reads a stream from one id to another, both included, with what arrives there while it is being read. */
export async function* readArrivals(
  buffer: Pick<StreamBuffer, "range">,
  key: StreamKey,
  from: MessageId,
  to: MessageId,
): AsyncGenerator<ArrivalPage, void, void> {
  const all = { start: from, end: to, count: Number.POSITIVE_INFINITY };
  for await (const messages of pagesOf(buffer, key, all)) {
    const [first, last] = [messages[0], messages.at(-1)];
    if (!first || !last) return;
    const arrivals = messages.map(({ data }) => parseMessage(data)).filter((arrival) => arrival !== null);
    const skipped = messages.length - arrivals.length;
    yield { firstId: first.id, lastId: last.id, arrivals, skipped };
  }
}

function parseMessage(data: string): ArrivedSample | null {
  const { message, timestamp: arrivedAt } = JSON.parse(data) as MessageData;
  const arrival = parseArrival(message, arrivedAt);
  return arrival && { ...arrival, arrivedAt, weight: message.length };
}
