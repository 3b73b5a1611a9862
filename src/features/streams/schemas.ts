import { z } from "zod";
import { MAX_LEVELS, nestsTooDeep } from "../../domain/nesting.ts";
import { MAX_BATCH_MESSAGES, MAX_LISTED_MESSAGES } from "../../limits.ts";
import type { MessageId } from "../../streams/buffer.ts";
import {
  FIRST_MESSAGE_ID,
  formatMessageId,
  LAST_MESSAGE_ID,
  parseMessageId,
} from "../../streams/message-id.ts";

export const streamNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, hyphens or underscores");

export const nameParam = z.object({ name: streamNameSchema.describe("The name of a stream of one's own.") });

export const createSchema = z.object({ streamName: streamNameSchema });

export const TOO_DEEP = `must not nest deeper than ${MAX_LEVELS} levels`;

/** Whether a text could be that of a JSON object, and would then nest too deep. */
function isTooDeepSample(text: string): boolean {
  return /^\s*\{/.test(text) && nestsTooDeep(text);
}

// Not z.record, which would copy a sample key by key only to hand it on.
const sampleObject = z
  .custom<object>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be text or a JSON object",
  )
  .meta({ override: { type: "object", description: "A sample: the fields of `Sample`, and any others." } });
const message = z
  .union([z.string(), sampleObject], { error: "must be text or a JSON object" })
  .refine((value) => value !== "", "must not be empty")
  .refine((value) => typeof value !== "string" || !isTooDeepSample(value), TOO_DEEP)
  .describe(
    `A sample, as an object or as its JSON text, at most ${MAX_LEVELS} levels deep; other text is kept and heard, but is no sample. At most 100 KB.`,
  );
const author = z.string().min(1).max(100).describe("Who sends it; listeners are told.");

export const messageSchema = z.object({ message, author: author.optional() });

export type NewMessage = z.output<typeof messageSchema>;

/** Which of the three an element is, is told from its fields: parseBatch does that. */
const batchMessage = z.custom<string | object>().meta({
  override: {
    type: ["string", "object"],
    description: "A message as when it is posted alone: text, a sample, or `{ message, author }`.",
  },
});

export const batchSchema = z.object({
  messages: z
    .array(batchMessage)
    .min(1, "must not be empty")
    .describe(`Oldest first, at most ${MAX_BATCH_MESSAGES}.`),
});

/** A message id; one without a sequence gets the one given here. `edge` is a name for the end of the stream. */
function idSchema(sequence: number, edge?: { names: string[]; id: MessageId }) {
  return z.string().transform((text, context): MessageId => {
    if (edge?.names.includes(text)) return edge.id;
    const parts = parseMessageId(text, sequence);
    if (parts) return formatMessageId(parts);
    context.addIssue({ code: "custom", message: "must be a message id such as 1767225600000-0" });
    return z.NEVER;
  });
}

export const lastEventIdSchema = idSchema(0).describe(
  "The id of the last message had: what comes after it is sent.",
);

const start = { names: ["-"], id: FIRST_MESSAGE_ID };
// A plus that is not percent-encoded arrives as a space.
const end = { names: ["+", " "], id: LAST_MESSAGE_ID };

export const rangeQuery = z.object({
  start: idSchema(0, start)
    .default(FIRST_MESSAGE_ID)
    .describe("The first id, or milliseconds alone; `-` for the stream's first message."),
  end: idSchema(999_999_999_999_999, end)
    .default(LAST_MESSAGE_ID)
    .describe("The last id, or milliseconds alone for all of that millisecond; `+` for the stream's last."),
  count: z.coerce.number<string | number>().int().min(1).max(MAX_LISTED_MESSAGES).default(100),
});

export const listenQuery = z.object({
  lastEventId: lastEventIdSchema.optional(),
  from: z.literal("-").optional().describe("Replays from the first message that is still there."),
});

export const cleanupQuery = z.object({
  retention: z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number of milliseconds")
    .transform(Number)
    .optional()
    .describe("How long a stream has had no message when it counts as idle, in ms."),
});
