import { createTurns } from "../../db/turn.ts";
import { AppError } from "../../errors.ts";
import { MAX_MESSAGE_BYTES } from "../../limits.ts";
import { noteText } from "../../memory.ts";
import type { Deps } from "../../runtime.ts";
import type { MessageData, MessageId, StreamKey } from "../../streams/buffer.ts";
import { streamLabel } from "../../streams/idleness.ts";
import { FIRST_MESSAGE_ID } from "../../streams/message-id.ts";
import { findUnfinishedByStream } from "../workouts/repository.ts";
import type { NewMessage } from "./schemas.ts";

/**
 * Stores messages of one stream, at least one, all or nothing, and tells its listeners. Resolves, once they survive
 * a crash, to the ids of the first and the last.
 * @throws AppError payload_too_large, stream_full, too_many_streams.
 */
export async function appendMessages(
  { buffer, hub, idleness, now, metrics }: Pick<Deps, "buffer" | "hub" | "idleness" | "now" | "metrics">,
  key: StreamKey,
  messages: readonly NewMessage[],
): Promise<{ first: MessageId; last: MessageId }> {
  const timestamp = now();
  const turn = createTurns();
  const data: string[] = [];
  for (const { message, author } of messages) {
    await turn();
    const text = typeof message === "string" ? message : JSON.stringify(message);
    if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) {
      throw messageTooLarge();
    }
    const stored: MessageData = { message: text, timestamp, ...(author !== undefined && { author }) };
    data.push(JSON.stringify(stored));
  }
  const began = performance.now();
  const ids = await buffer.append(key, data);
  metrics.bufferLag.observe((performance.now() - began) / 1000);
  metrics.messagesStored += ids.length;
  noteText(data.reduce((sum, text) => sum + text.length, 0));
  hub.notify(key.owner);
  const [first] = ids;
  const last = ids.at(-1);
  if (first === undefined || last === undefined) throw new Error("there was no message to store");
  idleness.note(streamLabel(key), last);
  return { first, last };
}

export function messageTooLarge(): AppError {
  return new AppError("payload_too_large", `A message may have at most ${MAX_MESSAGE_BYTES} bytes.`);
}

/** @throws AppError stream_not_found, or stream_in_use while an unfinished workout records into the stream. */
export async function deleteStream(
  { database, buffer, hub }: Pick<Deps, "database" | "buffer" | "hub">,
  key: StreamKey,
): Promise<void> {
  // Read before the check: what comes later may be of a workout that is started meanwhile.
  const info = await buffer.info(key);
  if (!info) throw streamNotFound(key.name);
  const workout = await findUnfinishedByStream(database, key);
  if (workout) {
    throw new AppError(
      "stream_in_use",
      "A workout is recording into this stream. Complete or delete the workout.",
    );
  }
  if (!(await hub.deleteStream(key, info.lastMessageId ?? FIRST_MESSAGE_ID))) throw streamNotFound(key.name);
}

export function streamNotFound(name: string): AppError {
  return new AppError("stream_not_found", `There is no stream named ${name}.`);
}
