import { setImmediate } from "node:timers/promises";
import { mergeSamples, parseSample, type Sample } from "../../domain/sample.ts";
import type { RideContext } from "../../domain/summary.ts";
import type { MessageData, MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { FIRST_MESSAGE_ID, followingMessageId, LAST_MESSAGE_ID } from "../../streams/message-id.ts";
import { PageSize } from "../../streams/page-size.ts";
import { pausesUntil } from "./lookup.ts";
import type { WorkoutRow } from "./repository.ts";

/** What a stream holds, as far as it has been read. */
export type Ride = {
  /** Merged, sorted by time. */
  samples: Sample[];
  /** Messages that are samples, resent ones included. */
  sampleMessages: number;
  skippedMessages: number;
  /** The last message read; null of an empty stream. */
  lastMessageId: MessageId | null;
};

/** How many messages at most, and about how many characters, are read at once: some ms of work without a pause. */
const LARGEST_PAGE = 1000;
const PAGE_WEIGHT = 400_000;

/** Reads a whole stream, including what arrives while it is being read. */
export async function readRide(buffer: Pick<StreamBuffer, "range">, key: StreamKey): Promise<Ride> {
  const arrived: Sample[] = [];
  let skippedMessages = 0;
  let lastMessageId: MessageId | null = null;
  const size = new PageSize(LARGEST_PAGE, PAGE_WEIGHT);
  for (;;) {
    const start: MessageId = lastMessageId === null ? FIRST_MESSAGE_ID : followingMessageId(lastMessageId);
    const { count } = size;
    const page = await buffer.range(key, start, LAST_MESSAGE_ID, count).catch((error: unknown) => {
      if (!size.shrink()) throw error;
    });
    if (!page) continue;
    for (const { id, data } of page) {
      const { message, timestamp } = JSON.parse(data) as MessageData;
      const sample = parseSample(message, timestamp);
      if (sample) arrived.push(sample);
      else skippedMessages += 1;
      lastMessageId = id;
    }
    if (page.length < count) break;
    size.learn(page);
    await setImmediate();
  }
  return { samples: mergeSamples(arrived), sampleMessages: arrived.length, skippedMessages, lastMessageId };
}

/** What its summary needs to know of a ride beside the samples; a pause that is still on lasts until `now`. */
export function rideContext(ride: Ride, workout: WorkoutRow, ftp: number | null, now: number): RideContext {
  return { pauses: pausesUntil(workout, now), ftp, skippedMessages: ride.skippedMessages };
}

/** When a ride began: its first sample, or while there is none, when the workout was started. */
export function rideStart(ride: Pick<Ride, "samples">, workout: Pick<WorkoutRow, "startTime">): Date {
  const [first] = ride.samples;
  return first ? new Date(first.timestamp) : workout.startTime;
}
