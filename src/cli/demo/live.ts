import { EventSourceParserStream } from "eventsource-parser/stream";
import { z } from "zod";
import type { Client } from "../../client.ts";
import { parseArrival, type Sample } from "../../domain/sample.ts";
import { pause } from "./patience.ts";

const RECONNECT_AFTER_MS = 1000;

const eventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("connected") }),
  z.object({ type: z.literal("message"), data: z.object({ message: z.string(), timestamp: z.number() }) }),
  z.object({ type: z.literal("stream_deleted") }),
]);

/**
 * Hands on every sample of a stream from its first, as a spectator hears it, until the stream is deleted or the
 * signal is aborted. A connection that breaks is taken up where it ended.
 */
export async function followStream(
  client: Client,
  streamName: string,
  onSample: (sample: Sample) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastEventId: string | undefined;
  while (!signal.aborted) {
    try {
      for await (const { id, data } of events(client, streamName, lastEventId, signal)) {
        const event = eventSchema.parse(JSON.parse(data));
        if (event.type === "stream_deleted") return;
        if (event.type !== "message") continue;
        lastEventId = id;
        const arrival = parseArrival(event.data.message, event.data.timestamp);
        if (arrival) onSample(arrival.sample);
      }
    } catch {
      // Whoever posts the ride learns what is wrong with the server; here it only means no numbers for a while.
    }
    await pause(RECONNECT_AFTER_MS, signal);
  }
}

async function* events(client: Client, name: string, lastEventId: string | undefined, signal: AbortSignal) {
  const query = lastEventId === undefined ? { from: "-" as const } : { lastEventId };
  const response = await client.api.streams[":name"].listen.$get(
    { param: { name }, query },
    { init: { signal } },
  );
  if (!response.body) return;
  yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}
