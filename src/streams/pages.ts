import { setImmediate } from "node:timers/promises";
import type { MessageId, StreamBuffer, StreamKey, StreamMessage } from "./buffer.ts";
import { followingMessageId } from "./message-id.ts";
import { PageSize } from "./page-size.ts";

/** How many messages at most, and about how many characters, are read at once: some ms of work without a pause. */
const LARGEST_PAGE = 1000;
const PAGE_WEIGHT = 400_000;

/**
 * Messages with start ≤ id ≤ end, oldest first, at most `count` of them, page by page; what arrives meanwhile too.
 * Others have their turn between two pages.
 */
export async function* pagesOf(
  buffer: Pick<StreamBuffer, "range">,
  key: StreamKey,
  { start, end, count }: { start: MessageId; end: MessageId; count: number },
): AsyncGenerator<StreamMessage[], void, void> {
  const size = new PageSize(LARGEST_PAGE, PAGE_WEIGHT);
  let from = start;
  for (let left = count; left > 0; ) {
    const asked = Math.min(size.count, left);
    const page = await buffer.range(key, from, end, asked).catch((error: unknown) => {
      if (!size.shrink()) throw error;
    });
    if (!page) continue;
    const last = page.at(-1);
    if (!last) return;
    yield page;
    if (page.length < asked) return;
    size.learn(page);
    left -= page.length;
    from = followingMessageId(last.id);
    await setImmediate();
  }
}
