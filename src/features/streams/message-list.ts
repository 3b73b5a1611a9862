import { noteText } from "../../memory.ts";
import type { MessageData, MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { pagesOf } from "../../streams/pages.ts";
import { streamNotFound } from "./usecases.ts";

export type MessageList = { streamName: string; messages: { id: MessageId; data: MessageData }[] };

/**
 * The JSON text of a MessageList, page by page: a thousand of the largest messages are 100 MB.
 * @throws AppError stream_not_found when the stream is deleted meanwhile: what was read need not be all of it.
 */
export async function* messageList(
  buffer: Pick<StreamBuffer, "range" | "info">,
  key: StreamKey,
  range: { start: MessageId; end: MessageId; count: number },
): AsyncGenerator<string> {
  let opening = `{"streamName":"${key.name}","messages":[`;
  let left = range.count;
  for await (const page of pagesOf(buffer, key, range)) {
    // Ids and names need no escaping, and data is JSON text already.
    const text = page.map(({ id, data }) => `{"id":"${id}","data":${data}}`).join();
    yield opening + text;
    noteText(text.length);
    opening = ",";
    left -= page.length;
  }
  if (left > 0 && !(await buffer.info(key))) throw streamNotFound(key.name);
  yield left === range.count ? `${opening}]}` : "]}";
}
