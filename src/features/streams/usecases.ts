import { AppError } from "../../errors.ts";
import { invalidInput } from "../../http/validate.ts";
import type { Deps } from "../../runtime.ts";
import type { MessageData, MessageId, StreamKey } from "../../streams/buffer.ts";
import { findUnfinishedByStream } from "../workouts/repository.ts";
import { batchItemSchema, MAX_BATCH_MESSAGES, MAX_MESSAGE_BYTES } from "./schemas.ts";

export type NewMessage = { message: string | object; author?: string | undefined };

/**
 * Stores messages of one stream, all or nothing, and tells its listeners. Resolves, once they survive a crash,
 * to their ids in order.
 */
export async function appendMessages(
  { buffer, hub, now }: Pick<Deps, "buffer" | "hub" | "now">,
  key: StreamKey,
  messages: readonly NewMessage[],
): Promise<MessageId[]> {
  const timestamp = now();
  const data = messages.map(({ message, author }) => {
    const text = typeof message === "string" ? message : toText(message);
    if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) {
      throw new AppError("payload_too_large", `A message may have at most ${MAX_MESSAGE_BYTES} bytes.`);
    }
    return JSON.stringify({
      message: text,
      timestamp,
      ...(author !== undefined && { author }),
    } satisfies MessageData);
  });
  const ids = await buffer.append(key, data);
  hub.notify(key.owner);
  return ids;
}

/** @throws AppError invalid_input for an object that can be parsed but not written: it nests too deep. */
function toText(message: object): string {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw new AppError("invalid_input", "The message nests too deep.", { cause });
  }
}

/** The messages of a batch; the error names the first element that is none. */
export function parseBatch(items: readonly unknown[]): NewMessage[] {
  if (items.length === 0) throw new AppError("invalid_input", "The batch has no messages.");
  if (items.length > MAX_BATCH_MESSAGES) {
    throw new AppError("payload_too_large", `A batch may have at most ${MAX_BATCH_MESSAGES} messages.`);
  }
  return items.map((item, index) => {
    const result = batchItemSchema.safeParse(item);
    if (!result.success) throw badBatchItem(index);
    const { data } = result;
    return typeof data === "object" && isWrapped(data) ? data : { message: data };
  });
}

/** The lines of an NDJSON batch as they stand, so that no number of a sample is rewritten. */
export function parseBatchLines(text: string): NewMessage[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const items = lines.map((line, index) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      throw badBatchItem(index);
    }
  });
  return parseBatch(items).map((parsed, index) => {
    const line = lines[index];
    return parsed.message === items[index] && typeof parsed.message === "object" && line !== undefined
      ? { message: line }
      : parsed;
  });
}

function isWrapped(item: object): item is NewMessage {
  return (
    Object.hasOwn(item, "message") &&
    Object.keys(item).every((field) => field === "message" || field === "author")
  );
}

function badBatchItem(index: number): AppError {
  const message = "must be text or a JSON object";
  return invalidInput([{ path: ["messages", index], message }]);
}

/** @throws AppError stream_not_found, or stream_in_use while an unfinished workout records into the stream. */
export async function deleteStream(
  { database, hub }: Pick<Deps, "database" | "hub">,
  key: StreamKey,
): Promise<void> {
  const workout = await findUnfinishedByStream(database, key);
  if (workout) {
    throw new AppError(
      "stream_in_use",
      "A workout is recording into this stream. Complete or delete the workout.",
    );
  }
  if (!(await hub.deleteStream(key))) throw streamNotFound(key.name);
}

export function streamNotFound(name: string): AppError {
  return new AppError("stream_not_found", `There is no stream named ${name}.`);
}
