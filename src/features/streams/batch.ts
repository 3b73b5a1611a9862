import { AppError } from "../../errors.ts";
import { parseJson } from "../../http/body.ts";
import { invalidInput, parse } from "../../http/validate.ts";
import { batchSchema, MAX_BATCH_MESSAGES, messageSchema, type NewMessage } from "./schemas.ts";

/**
 * The messages of a batch as `{ "messages": […] }`. Each is a message as it is, text or a sample, or one with
 * its author beside it as when it is posted alone.
 * @throws AppError invalid_input naming the element that is none, malformed_json, payload_too_large.
 */
export function parseBatch(text: string): NewMessage[] {
  const { messages } = parse(batchSchema, parseJson(text));
  return messagesOf(messages.map((item, index) => ({ item, place: `messages.${index}` })));
}

/**
 * The messages of a batch as NDJSON. A sample's text stays as it stands, so that no number in it is rewritten.
 * @throws AppError invalid_input naming the line that is none, payload_too_large.
 */
export function parseBatchLines(text: string): NewMessage[] {
  const lines = text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), place: `line ${index + 1}` }))
    .filter(({ line }) => line !== "");
  const items = lines.map(({ line, place }) => ({ item: parseLine(line, place), place }));
  return messagesOf(items).map((message, index) => {
    const line = lines[index]?.line;
    return line !== undefined && message.message === items[index]?.item && typeof message.message === "object"
      ? { message: line }
      : message;
  });
}

function messagesOf(items: { item: unknown; place: string }[]): NewMessage[] {
  if (items.length === 0) throw new AppError("invalid_input", "The batch has no messages.");
  if (items.length > MAX_BATCH_MESSAGES) {
    throw new AppError("payload_too_large", `A batch may have at most ${MAX_BATCH_MESSAGES} messages.`);
  }
  return items.map(({ item, place }) => {
    const result = messageSchema.safeParse(isWrapped(item) ? item : { message: item });
    if (!result.success)
      throw invalidInput(result.error.issues.map(({ message }) => ({ path: [place], message })));
    return result.data;
  });
}

function parseLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw invalidInput([{ path: [place], message: "is not valid JSON" }]);
  }
}

/** A sample may have a field `message` too, but none without any other. */
function isWrapped(item: unknown): boolean {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, "message")) return false;
  return Object.keys(item).every((field) => field === "message" || field === "author");
}
