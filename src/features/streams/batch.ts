import { setImmediate } from "node:timers/promises";
import type { MiddlewareHandler } from "hono";
import pLimit from "p-limit";
import type { z } from "zod";
import { createTurns } from "../../db/turn.ts";
import { MAX_LEVELS, nestsTooDeep } from "../../domain/nesting.ts";
import { timestampOf } from "../../domain/timestamp.ts";
import { AppError } from "../../errors.ts";
import { parseJson, readText } from "../../http/body.ts";
import { invalidInput, parse, validating } from "../../http/validate.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MAX_MESSAGE_BODY } from "../../limits.ts";
import { elementsOf, parseText } from "./batch-elements.ts";
import { batchSchema, messageSchema, type NewMessage, TOO_DEEP } from "./schemas.ts";
import { messageTooLarge } from "./usecases.ts";

/** Of a body that is no batch, in characters: what is longer is told what a batch is. */
const MOST_EXPLAINED = 10_000;

type BatchBody = MiddlewareHandler<
  object,
  string,
  { in: { json: z.input<typeof batchSchema> }; out: { json: NewMessage[] } }
>;

/** Batches are taken apart one after another: all of them at once would keep everybody else waiting. */
const oneByOne = pLimit(1);

/** Reads a batch as JSON or NDJSON; `c.req.valid("json")` has its messages either way. */
export function batchBody(): BatchBody {
  return validating({ target: "json", schema: batchSchema }, async function batchBody(c, next) {
    const text = await readText(c, MAX_BATCH_BYTES);
    const isLines = /^application\/x-ndjson\b/i.test(c.req.header("Content-Type") ?? "");
    const messages = await oneByOne(async () => {
      await setImmediate();
      return isLines ? parseBatchLines(text) : parseBatch(text);
    });
    c.req.addValidatedData("json", messages);
    return next();
  });
}

/** The levels around a sample that has its author beside it. */
const WRAPPERS = 1;

/**
 * The messages of a batch as `{ "messages": […] }`. Each is a message as it is, text or a sample, or one with
 * its author beside it as when it is posted alone.
 * @throws AppError invalid_input naming the element that is none, malformed_json, payload_too_large.
 */
async function parseBatch(text: string): Promise<NewMessage[]> {
  const turn = createTurns();
  const messages: NewMessage[] = [];
  for (const element of elementsOf(text) ?? parseSmall(text)) {
    requireRoom(messages.length, element);
    const place = `messages.${messages.length}`;
    requireShallow(element, place, MAX_LEVELS + WRAPPERS);
    messages.push(toMessage(parseText(element), place));
    await turn();
  }
  if (messages.length === 0) parse(batchSchema, { messages });
  return messages;
}

/** What is no batch, for the schema to say why; a large one need not be looked at for long. */
function parseSmall(text: string): never {
  if (text.length > MOST_EXPLAINED) parse(batchSchema, {});
  parse(batchSchema, parseJson(text));
  throw new AppError("malformed_json", "The body is not valid JSON.");
}

/**
 * The messages of a batch as NDJSON. A sample's text stays as it stands, so that no number in it is rewritten.
 * @throws AppError invalid_input naming the line that is none, payload_too_large.
 */
async function parseBatchLines(text: string): Promise<NewMessage[]> {
  const turn = createTurns();
  const messages: NewMessage[] = [];
  let number = 0;
  for (let start = 0; start <= text.length; ) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end === -1 ? text.length : end).trim();
    start = end === -1 ? text.length + 1 : end + 1;
    number += 1;
    await turn();
    if (line === "") continue;
    requireRoom(messages.length, line);
    const place = `line ${number}`;
    requireShallow(line, place, MAX_LEVELS + WRAPPERS);
    messages.push(toMessage(parseLine(line, place), place, line));
  }
  if (messages.length === 0) throw new AppError("invalid_input", "The batch has no messages.");
  return messages;
}

/** @throws AppError payload_too_large when there are `count` messages already, or the text of the next is too long. */
function requireRoom(count: number, next: string): void {
  if (count === MAX_BATCH_MESSAGES) {
    throw new AppError("payload_too_large", `A batch may have at most ${MAX_BATCH_MESSAGES} messages.`);
  }
  if (next.length > MAX_MESSAGE_BODY) throw messageTooLarge();
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
  requireShallow(text, place);
  requireTimestamp(message, place);
  return { ...result.data, message: text };
}

/** Before anything is made of a text that takes as many steps as it has levels. @throws AppError invalid_input. */
function requireShallow(text: string, place: string, levels?: number): void {
  if (nestsTooDeep(text, levels)) throw invalidInput([{ path: [place], message: TOO_DEEP }]);
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
