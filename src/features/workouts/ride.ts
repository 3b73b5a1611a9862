import pLimit from "p-limit";
import { ClockLead } from "../../domain/clock-lead.ts";
import { workOf } from "../../domain/portions.ts";
import { recordingOf } from "../../domain/recording.ts";
import { SampleMerger } from "../../domain/sample.ts";
import { encodeTelemetry } from "../../domain/telemetry-codec.ts";
import { noteText } from "../../memory.ts";
import type { MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { FIRST_MESSAGE_ID, LAST_MESSAGE_ID } from "../../streams/message-id.ts";
import { bufferUnavailable } from "../../streams/unavailable.ts";
import { type ArrivedSample, arrivalsIn, type MessagePage, readPages } from "./arrivals.ts";
import type { EncodedRide } from "./long-ride.ts";
import { heldRecording, MOST_HELD, type OpenRecording, ThreadRecording } from "./open-recording.ts";
import { type RideThread, useRideThread } from "./ride-thread-client.ts";

/** What a stream holds, as far as it has been read; to be closed once that is done. */
export type Ride = Omit<EncodedRide, "telemetry"> &
  Disposable & {
    /** The samples, merged and sorted by time. */
    recording: OpenRecording;
    /** The last message read; null of an empty stream. */
    lastMessageId: MessageId | null;
    /** The samples as they are to be kept. @throws TelemetryError telemetry_too_large. */
    telemetry(): Promise<Uint8Array>;
  };

/** A ride of more work, by `workOf`, is not held in memory, however few samples it has: MOST_HELD of ten fields are. */
const HELD_WORK = 500_000;

/** A stream that says how long it is, is not begun to be held in vain. */
type Readable = Pick<StreamBuffer, "range"> & Partial<Pick<StreamBuffer, "info">>;

/**
 * Reads a whole stream, including what arrives while it is being read.
 * @throws AppError buffer_unavailable. TelemetryError telemetry_too_large of a long ride.
 */
export async function readRide(buffer: Readable, key: StreamKey): Promise<Ride> {
  const info = await buffer.info?.(key);
  const held = info && info.length > MOST_HELD ? null : await readHeld(buffer, key);
  return held ?? readLong(buffer, key);
}

/** Null where the ride is too long for that. */
async function readHeld(buffer: Readable, key: StreamKey): Promise<Ride | null> {
  const arrivals: ArrivedSample[] = [];
  let messages = 0;
  let work = 0;
  let lastMessageId: MessageId | null = null;
  for await (const page of readPages(buffer, key, FIRST_MESSAGE_ID, LAST_MESSAGE_ID)) {
    for (const arrival of arrivalsIn(page)) {
      arrivals.push(arrival);
      work += workOf(arrival.sample);
    }
    if (arrivals.length > MOST_HELD || work > HELD_WORK) return null;
    messages += page.data.length;
    lastMessageId = page.lastId;
  }
  const merger = new SampleMerger();
  for (const arrival of arrivals) merger.add(arrival);
  const samples = merger.finish();
  const lead = new ClockLead(Float64Array.from(samples, ({ timestamp }) => timestamp));
  for (const arrival of arrivals) lead.note(arrival, arrival.arrivedAt);
  return {
    recording: heldRecording(recordingOf(samples)),
    clockLead: lead.milliseconds,
    sampleMessages: arrivals.length,
    skippedMessages: messages - arrivals.length,
    lastMessageId,
    telemetry: () => encodeTelemetry(samples, "fast"),
    [Symbol.dispose]() {},
  };
}

/** Each takes memory: one after another. */
const inTurn = pLimit(1);

async function readLong(buffer: Readable, key: StreamKey): Promise<Ride> {
  const use = useRideThread();
  try {
    const { thread } = use;
    const { id, lastMessageId, length, ...ride } = await inTurn(() => readInThread(thread, buffer, key));
    const recording = new ThreadRecording(use, { id, length });
    return {
      ...ride,
      recording,
      lastMessageId,
      telemetry: () => recording.telemetry(),
      [Symbol.dispose]: () => recording[Symbol.dispose](),
    };
  } catch (error) {
    use[Symbol.dispose]();
    throw error;
  }
}

async function readInThread(thread: RideThread, buffer: Readable, key: StreamKey) {
  const id = await thread.call("collect");
  try {
    const lastMessageId = await collect(thread, id, { buffer, key });
    return { id, lastMessageId, ...(await thread.call("finish", { id })) };
  } catch (error) {
    thread.call("close", { id }).catch(() => {});
    throw error;
  }
}

/** The pages for the thread, with what they leave behind here. */
async function* pagesFor(
  buffer: Readable,
  key: StreamKey,
  { from, to }: { from: MessageId; to: MessageId },
): AsyncGenerator<MessagePage, void, void> {
  for await (const page of readPages(buffer, key, from, to)) {
    yield page;
    noteText(page.data.reduce((sum, text) => sum + text.length, 0));
  }
}

/** Reads the stream, and then block by block again; resolves to the last message. */
async function collect(
  thread: RideThread,
  id: number,
  { buffer, key }: { buffer: Readable; key: StreamKey },
): Promise<MessageId | null> {
  let lastMessageId: MessageId | null = null;
  const all = { from: FIRST_MESSAGE_ID, to: LAST_MESSAGE_ID };
  for await (const page of pagesFor(buffer, key, all)) {
    await thread.call("add", { id, ...page });
    lastMessageId = page.lastId;
  }
  for (;;) {
    const block = await thread.call("nextBlock", { id });
    if (block === "finished") return lastMessageId;
    if (block === "changed") throw bufferUnavailable(new Error("The stream has changed meanwhile."));
    for await (const page of pagesFor(buffer, key, block)) {
      await thread.call("take", { id, ...page });
    }
  }
}
