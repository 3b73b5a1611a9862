import { ClockLead } from "../../domain/clock-lead.ts";
import { recordingOf } from "../../domain/recording.ts";
import { SampleMerger } from "../../domain/sample.ts";
import { encodeTelemetry } from "../../domain/telemetry-codec.ts";
import type { MessageId, StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { FIRST_MESSAGE_ID, LAST_MESSAGE_ID } from "../../streams/message-id.ts";
import { type ArrivedSample, readArrivals } from "./arrivals.ts";
import { LongRide, type RideSamples } from "./long-ride.ts";

/** What a stream holds, as far as it has been read. */
export type Ride = RideSamples & {
  /** Messages that are samples, resent ones included. */
  sampleMessages: number;
  skippedMessages: number;
  /** The last message read; null of an empty stream. */
  lastMessageId: MessageId | null;
};

/** A ride of more samples, or more characters in them, is not held in memory: half a day at one a second is below. */
export const MOST_HELD = 50_000;
const HELD_WEIGHT = 12_000_000;

/**
 * Reads a whole stream, including what arrives while it is being read.
 * @throws AppError buffer_unavailable. TelemetryError telemetry_too_large of a long ride.
 */
export async function readRide(buffer: Pick<StreamBuffer, "range">, key: StreamKey): Promise<Ride> {
  const long = new LongRide();
  let held: ArrivedSample[] = [];
  let skippedMessages = 0;
  let lastMessageId: MessageId | null = null;
  for await (const page of readArrivals(buffer, key, FIRST_MESSAGE_ID, LAST_MESSAGE_ID)) {
    long.add(page);
    const isHeld = long.length <= MOST_HELD && long.weight <= HELD_WEIGHT;
    if (isHeld) held.push(...page.arrivals);
    else held = [];
    skippedMessages += page.skipped;
    lastMessageId = page.lastId;
  }
  const isHeld = held.length === long.length;
  const samples = isHeld ? heldSamples(held) : await long.read(buffer, key);
  return { ...samples, sampleMessages: long.length, skippedMessages, lastMessageId };
}

function heldSamples(arrivals: readonly ArrivedSample[]): RideSamples {
  const merger = new SampleMerger();
  for (const arrival of arrivals) merger.add(arrival);
  const samples = merger.finish();
  const lead = new ClockLead(Float64Array.from(samples, ({ timestamp }) => timestamp));
  for (const arrival of arrivals) lead.note(arrival, arrival.arrivedAt);
  return {
    recording: recordingOf(samples),
    clockLead: lead.milliseconds,
    telemetry: () => encodeTelemetry(samples, "fast"),
  };
}
