import { z } from "zod";
import { BUFFER_LIMITS, MAX_BATCH_BYTES, MAX_BATCH_MESSAGES } from "../../limits.ts";
import type { Section } from "../documents/operation.ts";
import { messageId, sentence, streamName, success } from "../documents/parts.ts";
import { lastEventIdSchema } from "./schemas.ts";

const data = z
  .object({
    message: z.string().describe("The text as it was sent, or the JSON text of the object that was."),
    timestamp: z.number().describe("When it arrived, in epoch ms."),
    author: z.string().optional(),
  })
  .meta({ id: "MessageData" });

const event = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("connected"), streamName }),
    z.object({ type: z.literal("message"), stream: streamName, streamName, id: messageId, data }),
    z.object({ type: z.literal("stream_deleted"), streamName }),
  ])
  .meta({ id: "StreamEvent", description: "What the `data:` of one event holds, as JSON." });

const events = {
  request: { headers: z.object({ "Last-Event-ID": lastEventIdSchema.optional() }) },
  answer: {
    status: 200,
    description: "Events until the stream is deleted or the listener leaves.",
    content: { "text/event-stream": { schema: event } },
  },
  errors: ["too_many_listeners", "buffer_unavailable"],
} as const;

const HOW_TO_LISTEN =
  "Server-sent events. The first is `connected`; each message has its id as the event's `id:`, so that " +
  "`Last-Event-ID` resumes with nothing missing and nothing twice. Comments every 15 s show that the connection " +
  "lives. A reader that is too slow is cut off.";

const MIB = 2 ** 20;
const number = (value: number) => value.toLocaleString("en");

const HOW_MUCH =
  `A stream may have ${number(BUFFER_LIMITS.messages)} messages (a week at four a second), and ` +
  `${BUFFER_LIMITS.bytes / MIB} MB of them; a rider may have ${number(BUFFER_LIMITS.streams)} streams.`;

export const streamSection = {
  name: "Streams",
  description: "The live buffer: samples come in, and those who listen hear them.",
  operations: {
    "POST /api/streams/create": {
      operationId: "createStream",
      summary: "Make a stream, if it is not there",
      request: { example: { streamName: "evening" } },
      answer: {
        status: 200,
        description: "The stream is there.",
        json: z.object({ success, streamName, messageId, message: sentence }),
      },
      errors: ["too_many_streams", "buffer_unavailable"],
    },
    "GET /api/streams": {
      operationId: "listStreams",
      summary: "One's streams",
      answer: {
        status: 200,
        description: "The streams; ids are null while a stream is empty.",
        json: z.object({
          streams: z.array(
            z.object({
              name: streamName,
              length: z.int().min(0).describe("How many messages it has."),
              firstMessageId: messageId.nullable(),
              lastMessageId: messageId.nullable(),
            }),
          ),
        }),
      },
      errors: ["buffer_unavailable"],
    },
    "GET /api/streams/listenAll": {
      ...events,
      operationId: "listenToAll",
      summary: "Listen to all of one's streams",
      description: `${HOW_TO_LISTEN} Streams that are made later are heard too.`,
    },
    "DELETE /api/streams/cleanup": {
      operationId: "cleanUpStreams",
      summary: "Clean idle streams up",
      description:
        "Idle unfinished workouts are completed; samples that no workout claims become a Recovered ride; only empty streams are deleted.",
      answer: {
        status: 200,
        description: "What was done.",
        json: z.object({
          success,
          deletedCount: z.int().min(0).describe("Empty streams that were deleted."),
          archivedCount: z.int().min(0).describe("Rides that were completed."),
          message: sentence,
        }),
      },
      errors: ["buffer_unavailable"],
    },
    "POST /api/streams/:name/messages": {
      operationId: "postMessage",
      summary: "Post a message, usually one sample",
      description: `The answer means that it is stored. The stream is made if it is not there. ${HOW_MUCH}`,
      request: { example: { message: { power: 210, cadence: 88, heartrate: 141, speed: 31.5 } } },
      answer: {
        status: 200,
        description: "It is stored, and survives a crash of the service.",
        json: z.object({ success, messageId, streamName }),
      },
      errors: ["stream_full", "too_many_streams", "buffer_unavailable"],
    },
    "POST /api/streams/:name/messages/batch": {
      operationId: "postMessages",
      summary: `Post up to ${number(MAX_BATCH_MESSAGES)} messages at once, at most ${MAX_BATCH_BYTES / MIB} MB`,
      description: `All of them are stored, or none. For phones that were offline: each sample needs a timestamp of its own. ${HOW_MUCH}`,
      request: {
        example: {
          messages: [
            { timestamp: 1767225600000, power: 210 },
            { timestamp: 1767225601000, power: 214 },
          ],
        },
        content: {
          "application/x-ndjson": {
            schema: { type: "string", description: "One message a line, as in `messages`." },
            example: '{"timestamp":1767225600000,"power":210}\n{"timestamp":1767225601000,"power":214}\n',
          },
        },
      },
      answer: {
        status: 200,
        description: "All of them are stored.",
        json: z.object({
          success,
          accepted: z.int().min(1),
          firstMessageId: messageId,
          lastMessageId: messageId,
          streamName,
        }),
      },
      errors: ["timestamp_required", "stream_full", "too_many_streams", "buffer_unavailable"],
    },
    "GET /api/streams/:name/messages": {
      operationId: "listMessages",
      summary: "Messages of a stream, oldest first",
      answer: {
        status: 200,
        description: "The messages from `start` to `end`, both included.",
        json: z.object({ streamName, messages: z.array(z.object({ id: messageId, data })) }),
      },
      errors: ["stream_not_found", "buffer_unavailable"],
    },
    "GET /api/streams/:name/listen": {
      ...events,
      operationId: "listenToStream",
      summary: "Listen to one stream",
      description: `${HOW_TO_LISTEN} A stream that is not there is waited for; at its end comes \`stream_deleted\`.`,
    },
    "DELETE /api/streams/:name": {
      operationId: "deleteStream",
      summary: "Delete a stream",
      answer: {
        status: 200,
        description: "It is gone.",
        json: z.object({ success, message: sentence }),
      },
      errors: ["stream_not_found", "stream_in_use", "buffer_unavailable"],
    },
  },
} satisfies Section;
