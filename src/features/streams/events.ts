import { createTurns } from "../../db/turn.ts";
import { noteText } from "../../memory.ts";
import type { MessageId, StreamMessage } from "../../streams/buffer.ts";
import type { Hub, HubEvent, Subscription } from "../../streams/hub.ts";

/** How often a quiet connection shows that it lives, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** A connection that takes nothing for so long, heartbeats included, is closed by the server; seconds. */
export const STALLED_AFTER_SECONDS = 60;

export const EVENT_STREAM_HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache, no-store, no-transform",
  "X-Accel-Buffering": "no",
};

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(": heartbeat\n\n");

/**
 * The last words of a service that stops. By then it may be back: a browser that comes earlier may be given an error
 * by a proxy, and then it does not come again.
 */
const FAREWELL = encoder.encode("retry: 5000\n: the service is stopping\n\n");

/** How long the reader of a subscription that is over may take to fetch what it has been given; about so many seconds. */
export const LAST_CALL_SECONDS = 1;

/** In bytes: so much goes to a client at once, as far as it is there. With many listeners each piece has its price. */
const PIECE = 16 * 1024;

/** For all listeners: one message may be for a thousand of them. */
const turn = createTurns();

/**
 * A subscription as server-sent events. The runtime pulls when the client's socket has room, one piece at a
 * time: what a slow reader has not fetched waits in the subscription, which is bounded and cuts it off.
 */
export function eventStream(
  subscription: Subscription,
  connectedTo: string,
  hub: Pick<Hub, "closed">,
): ReadableStream<Uint8Array> {
  let waiting: Iterator<Uint8Array> = [].values();
  let closed = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const connected = jsonFrame({ type: "connected", streamName: connectedTo });
        controller.enqueue(encoder.encode(`retry: 2000\n${connected}`));
        subscription.over.then(() => {
          const stalled = () => closed || controller.error(new Error("The reader has stalled."));
          setTimeout(stalled, LAST_CALL_SECONDS * 1000).unref();
        });
      },
      async pull(controller) {
        let piece = pieceOf(waiting);
        while (!piece) {
          const event = await withHeartbeats(controller, subscription.next());
          closed ||= event === null;
          if (!event) {
            if (hub.closed) controller.enqueue(FAREWELL);
            return controller.close();
          }
          if (event.type === "messages") await turn();
          waiting = frames(event);
          piece = pieceOf(waiting);
        }
        controller.enqueue(piece);
      },
      cancel() {
        closed = true;
        subscription.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Shows a reader who waits for an event that the connection lives. One who has not taken that yet gets no more of it. */
async function withHeartbeats(
  controller: ReadableStreamDefaultController<Uint8Array>,
  event: Promise<HubEvent | null>,
): Promise<HubEvent | null> {
  const beat = () => controller.desiredSize === 0 && controller.enqueue(HEARTBEAT);
  const timer = setInterval(beat, HEARTBEAT_MS);
  try {
    return await event;
  } finally {
    clearInterval(timer);
  }
}

/** Some of the frames that are waiting, as one; undefined where there are none. */
function pieceOf(waiting: Iterator<Uint8Array>): Uint8Array | undefined {
  const taken: Uint8Array[] = [];
  for (let size = 0; size < PIECE; ) {
    const { done, value } = waiting.next();
    if (done) break;
    taken.push(value);
    size += value.length;
  }
  return taken.length > 1 ? Buffer.concat(taken) : taken[0];
}

function* frames(event: HubEvent): Generator<Uint8Array> {
  if (event.type === "messages") for (const message of event.messages) yield messageFrame(message);
  else yield encoder.encode(jsonFrame({ type: "stream_deleted", streamName: event.streamName }, event.id));
}

/** Each message is put into words once, for however many listeners. */
const messageFrames = new WeakMap<StreamMessage, Uint8Array>();

function messageFrame(message: StreamMessage): Uint8Array {
  let frame = messageFrames.get(message);
  if (!frame) {
    const { id, streamName, data } = message;
    // Ids and names need no escaping, and data is JSON text already.
    const json = `{"type":"message","stream":"${streamName}","streamName":"${streamName}","id":"${id}","data":${data}}`;
    frame = encoder.encode(`id: ${id}\ndata: ${json}\n\n`);
    messageFrames.set(message, frame);
    noteText(json.length);
  }
  return frame;
}

function jsonFrame(value: object, id?: MessageId): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return `${idLine}data: ${JSON.stringify(value)}\n\n`;
}
