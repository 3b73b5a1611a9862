import { setImmediate } from "node:timers/promises";
import { type Arrival, parseArrival } from "../../domain/sample.ts";
import type { MessageData, MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { followingMessageId } from "../../streams/message-id.ts";
import { PageSize } from "../../streams/page-size.ts";

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

/** How many messages at most, and about how many characters, are read at once: some ms of work without a pause. */
const LARGEST_PAGE = 1000;
const PAGE_WEIGHT = 400_000;

/** Reads a stream from one id to another, both included, with what arrives there while it is being read. */
export async function* readArrivals(
  buffer: Pick<StreamBuffer, "range">,
  key: StreamKey,
  from: MessageId,
  to: MessageId,
): AsyncGenerator<ArrivalPage, void, void> {
  const size = new PageSize(LARGEST_PAGE, PAGE_WEIGHT);
  let start = from;
  for (;;) {
    const { count } = size;
    const messages = await buffer.range(key, start, to, count).catch((error: unknown) => {
      if (!size.shrink()) throw error;
    });
    if (!messages) continue;
    const [first, last] = [messages[0], messages.at(-1)];
    if (!first || !last) return;
    const arrivals = messages.map(({ data }) => parseMessage(data)).filter((arrival) => arrival !== null);
    const skipped = messages.length - arrivals.length;
    yield { firstId: first.id, lastId: last.id, arrivals, skipped };
    if (messages.length < count) return;
    size.learn(messages);
    start = followingMessageId(last.id);
    await setImmediate();
  }
}

function parseMessage(data: string): ArrivedSample | null {
  const { message, timestamp: arrivedAt } = JSON.parse(data) as MessageData;
  const arrival = parseArrival(message, arrivedAt);
  return arrival && { ...arrival, arrivedAt, weight: message.length };
}
