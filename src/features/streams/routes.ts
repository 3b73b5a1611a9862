import { type Context, Hono } from "hono";
import { jsonBody } from "../../http/body.ts";
import type { AppEnv } from "../../http/context.ts";
import { longWork } from "../../http/long-work.ts";
import { streamedJson } from "../../http/streamed.ts";
import { parse, validate } from "../../http/validate.ts";
import { MAX_MESSAGE_BODY } from "../../limits.ts";
import type { Deps } from "../../runtime.ts";
import type { MessageId, StreamKey } from "../../streams/buffer.ts";
import { streamLabel } from "../../streams/idleness.ts";
import { FIRST_MESSAGE_ID } from "../../streams/message-id.ts";
import { sweep } from "../workouts/sweep.ts";
import { batchBody } from "./batch.ts";
import { EVENT_STREAM_HEADERS, eventStream, LAST_CALL_SECONDS, STALLED_AFTER_SECONDS } from "./events.ts";
import { type MessageList, messageList } from "./message-list.ts";
import { endWhenRevoked } from "./revocation.ts";
import {
  cleanupQuery,
  createSchema,
  lastEventIdSchema,
  listenQuery,
  messageSchema,
  nameParam,
  rangeQuery,
} from "./schemas.ts";
import { appendMessages, deleteStream, streamNotFound } from "./usecases.ts";

export function streamRoutes(deps: Deps) {
  const { buffer, hub, idleness } = deps;

  const keyOf = (c: Context<AppEnv>, name: string): StreamKey => ({ owner: c.get("identity").userId, name });

  async function listen(c: Context<AppEnv>, streamName: string | undefined, after: MessageId | undefined) {
    // The answer to HEAD has no body that could end the subscription.
    if (c.req.method === "HEAD") return c.body(null, 200, EVENT_STREAM_HEADERS);
    const identity = c.get("identity");
    const subscription = await hub.subscribe(identity.userId, { streamName, after });
    endWhenRevoked(subscription, identity, deps);
    const patience = (seconds: number) => c.env?.server?.timeout(c.req.raw, seconds);
    patience(STALLED_AFTER_SECONDS);
    subscription.over.then(() => patience(LAST_CALL_SECONDS));
    return c.body(eventStream(subscription, streamName ?? "all", hub), 200, EVENT_STREAM_HEADERS);
  }

  return new Hono<AppEnv>()
    .post("/create", jsonBody(createSchema), async (c) => {
      const { streamName } = c.req.valid("json");
      const key = keyOf(c, streamName);
      const messageId = await buffer.create(key);
      idleness.note(streamLabel(key), "");
      return c.json({ success: true, streamName, messageId, message: "The stream is ready." });
    })
    .get("/", async (c) => {
      const streams = await buffer.list(c.get("identity").userId);
      return c.json({
        streams: streams.map(({ name, length, firstMessageId, lastMessageId }) => ({
          name,
          length,
          firstMessageId,
          lastMessageId,
        })),
      });
    })
    .get("/listenAll", validate("query", listenQuery), (c) =>
      listen(c, undefined, startOf(c, c.req.valid("query"))),
    )
    .delete("/cleanup", validate("query", cleanupQuery), longWork, async (c) => {
      const { retention } = c.req.valid("query");
      const counts = await sweep(deps, { idleMs: retention, owner: c.get("identity").userId });
      return c.json({
        success: true,
        ...counts,
        message: `${counts.deletedCount} empty streams deleted, ${counts.archivedCount} rides archived.`,
      });
    })
    .post(
      "/:name/messages",
      validate("param", nameParam),
      jsonBody(messageSchema, { maxBytes: MAX_MESSAGE_BODY, wrappers: 1 }),
      async (c) => {
        const { name } = c.req.valid("param");
        const { last } = await appendMessages(deps, keyOf(c, name), [c.req.valid("json")]);
        return c.json({ success: true, messageId: last, streamName: name });
      },
    )
    .post("/:name/messages/batch", validate("param", nameParam), batchBody(), async (c) => {
      const { name } = c.req.valid("param");
      const messages = c.req.valid("json");
      const { first, last } = await appendMessages(deps, keyOf(c, name), messages);
      return c.json({
        success: true,
        accepted: messages.length,
        firstMessageId: first,
        lastMessageId: last,
        streamName: name,
      });
    })
    .get("/:name/messages", validate("param", nameParam), validate("query", rangeQuery), async (c) => {
      const key = keyOf(c, c.req.valid("param").name);
      if (!(await buffer.info(key))) throw streamNotFound(key.name);
      return streamedJson<MessageList>(c, deps.log, messageList(buffer, key, c.req.valid("query")));
    })
    .get("/:name/listen", validate("param", nameParam), validate("query", listenQuery), (c) =>
      listen(c, c.req.valid("param").name, startOf(c, c.req.valid("query"))),
    )
    .delete("/:name", validate("param", nameParam), async (c) => {
      const key = keyOf(c, c.req.valid("param").name);
      await deleteStream(deps, key);
      return c.json({ success: true, message: `Stream ${key.name} is deleted.` });
    });
}

/** Where to begin; the header goes first, since a browser that comes back sends it to the address it began with. */
function startOf(
  c: Context,
  { lastEventId, from }: { lastEventId?: MessageId | undefined; from?: "-" | undefined },
) {
  const header = c.req.header("Last-Event-ID");
  if (header) return parse(lastEventIdSchema, header);
  return lastEventId ?? (from && FIRST_MESSAGE_ID);
}
