import type { MiddlewareHandler } from "hono";
import type { z } from "zod";
import { MAX_LEVELS, nestsTooDeep } from "../../domain/nesting.ts";
import { timestampOf } from "../../domain/timestamp.ts";
import { AppError } from "../../errors.ts";
import { parseJson, readText } from "../../http/body.ts";
import { invalidInput, parse, validating } from "../../http/validate.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES } from "../../limits.ts";
import { batchSchema, messageSchema, type NewMessage, TOO_DEEP } from "./schemas.ts";

type BatchBody = MiddlewareHandler<
  object,
  string,
  { in: { json: z.input<typeof batchSchema> }; out: { json: NewMessage[] } }
>;

/** Reads a batch as JSON or NDJSON; `c.req.valid("json")` has its messages either way. */
export function batchBody(): BatchBody {
  return validating({ target: "json", schema: batchSchema }, async function batchBody(c, next) {
    const text = await readText(c, MAX_BATCH_BYTES);
    const isLines = /^application\/x-ndjson\b/i.test(c.req.header("Content-Type") ?? "");
    c.req.addValidatedData("json", isLines ? parseBatchLines(text) : parseBatch(text));
    return next();
  });
}

/** The levels around a sample in `{ "messages": [ { "message": … } ] }`. */
const WRAPPERS = 3;

/**
 * The messages of a batch as `{ "messages": […] }`. Each is a message as it is, text or a sample, or one with
 * its author beside it as when it is posted alone.
 * @throws AppError invalid_input naming the element that is none, malformed_json, payload_too_large.
 */
function parseBatch(text: string): NewMessage[] {
  const { messages } = parse(batchSchema, parseJson(text, WRAPPERS));
  requireCount(messages.length);
  return messages.map((item, index) => toMessage(item, `messages.${index}`));
}

/**
 * The messages of a batch as NDJSON. A sample's text stays as it stands, so that no number in it is rewritten.
 * @throws AppError invalid_input naming the line that is none, payload_too_large.
 */
function parseBatchLines(text: string): NewMessage[] {
  const messages: NewMessage[] = [];
  for (const [index, untrimmed] of text.split("\n").entries()) {
    const line = untrimmed.trim();
    if (line === "") continue;
    const place = `line ${index + 1}`;
    messages.push(toMessage(parseLine(line, place), place, line));
  }
  requireCount(messages.length);
  return messages;
}

function requireCount(count: number): void {
  if (count === 0) throw new AppError("invalid_input", "The batch has no messages.");
  if (count > MAX_BATCH_MESSAGES) {
    throw new AppError("payload_too_large", `A batch may have at most ${MAX_BATCH_MESSAGES} messages.`);
  }
}

/**
 * An object becomes its text: the line that it is, if it is one.
 * @throws AppError invalid_input; timestamp_required, since all samples of a batch arrive at the same time.
 */
function toMessage(item: unknown, place: string, line?: string): NewMessage {
  const result = messageSchema.safeParse(isWrapped(item) ? item : { message: item });
  if (!result.success) {
    throw invalidInput(result.error.issues.map(({ message }) => ({ path: [place], message })));
  }
  const { message } = result.data;
  if (typeof message === "string") {
    requireTimestamp(sampleIn(message), place);
    return result.data;
  }
  const text = message === item && line !== undefined ? line : JSON.stringify(message);
  if (nestsTooDeep(text)) throw invalidInput([{ path: [place], message: TOO_DEEP }]);
  requireTimestamp(message, place);
  return { ...result.data, message: text };
}

/** The JSON object that a text is, if it is one. */
function sampleIn(text: string): object | null {
  if (!/^\s*\{/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function requireTimestamp(sample: object | null, place: string): void {
  if (!sample || ("timestamp" in sample && timestampOf(sample.timestamp) !== null)) return;
  const message = "needs a timestamp of its own, such as 1780315200000 or 2026-06-01T12:00:00Z";
  throw new AppError("timestamp_required", `${place}: ${message}`, { details: [{ field: place, message }] });
}

function parseLine(line: string, place: string): unknown {
  // It may be a message with its author around the sample.
  if (nestsTooDeep(line, MAX_LEVELS + 1)) throw invalidInput([{ path: [place], message: TOO_DEEP }]);
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
