import pLimit from "p-limit";
import { spanOfRide } from "../../domain/clock-faults.ts";
import {
  derive,
  deriveWithFtp,
  type FtpContext,
  type RideContext,
  type Summary,
} from "../../domain/summary.ts";
import { openTelemetry, type Telemetry } from "../../domain/telemetry-codec.ts";
import { type TelemetryFormat, type TextPieces, writeText } from "../../domain/telemetry-format.ts";
import { noteGarbage } from "../../memory.ts";
import { answerCalls } from "../../thread.ts";
import type { MessagePage } from "./arrivals.ts";
import { LongRide } from "./long-ride.ts";
import { packError } from "./ride-thread-errors.ts";

/*
 * The thread for rides too long, or of samples too large, to be gone over between two requests: what is parsed here, and
 * collected as garbage, keeps nobody waiting but this thread.
 */

/** What is open here, by the number that its owner has for it. */
const collected = new Map<number, LongRide>();
const opened = new Map<number, { bytes: Uint8Array; telemetry: Telemetry; text?: TextPieces }>();
let lastId = 0;

/** What is kept of the time and the place of a sample until its ride is collected. */
const PLACE_BYTES = 14;

const encoder = new TextEncoder();

/** What takes all columns of a ride in memory, one after another. */
const inTurn = pLimit(1);

function rideOf({ id }: { id: number }): LongRide {
  return there(collected.get(id));
}

function there<Thing>(thing: Thing | undefined): Thing {
  if (!thing) throw new Error("It is closed.");
  return thing;
}

async function openAs(id: number, bytes: Uint8Array): Promise<number> {
  const telemetry = await openTelemetry(bytes, noteGarbage);
  opened.set(id, { bytes, telemetry });
  return telemetry.length;
}

const service = {
  /** Begins a ride; each of its pages is added, and then taken block by block. */
  collect(): number {
    collected.set(++lastId, new LongRide());
    return lastId;
  },
  add: (request: { id: number } & MessagePage) => rideOf(request).add(request),
  nextBlock: (request: { id: number }) => rideOf(request).nextBlock(),
  take: (request: { id: number } & MessagePage) => rideOf(request).take(request),
  /** From then on it is open. */
  async finish({ id }: { id: number }) {
    const { telemetry: bytes, ...ride } = rideOf({ id }).finish();
    collected.delete(id);
    noteGarbage(ride.sampleMessages * PLACE_BYTES);
    return { ...ride, length: await openAs(id, bytes) };
  },

  async open({ telemetry: bytes }: { telemetry: Uint8Array }): Promise<{ id: number; length: number }> {
    const id = ++lastId;
    return { id, length: await openAs(id, bytes) };
  },
  telemetry: ({ id }: { id: number }): Uint8Array => new Uint8Array(there(opened.get(id)).bytes),
  span: ({ id }: { id: number }) => spanOfRide(there(opened.get(id)).telemetry),
  derive: ({ id, context }: { id: number; context: RideContext }) =>
    inTurn(() => derive(there(opened.get(id)).telemetry, context)),
  deriveWithFtp: ({ id, summary, context }: { id: number; summary: Summary; context: FtpContext }) =>
    inTurn(() => deriveWithFtp(there(opened.get(id)).telemetry, summary, context)),
  /** The next piece of the whole text, as UTF-8; null at its end. One text of a recording at a time. */
  async nextText({ id, format }: { id: number; format: TelemetryFormat }) {
    const recording = there(opened.get(id));
    recording.text ??= writeText(recording.telemetry, format);
    const { done, value } = await recording.text.next();
    if (!done) return encoder.encode(value);
    delete recording.text;
    return null;
  },

  /** What was collected or opened. */
  close({ id }: { id: number }): void {
    collected.delete(id);
    opened.delete(id);
    // The next ride shall not have to fit beside what is left of this one.
    Bun.gc(true);
  },
};

export type RideService = typeof service;

answerCalls(service, {
  handedOver: (result) => (result instanceof Uint8Array ? [result.buffer as ArrayBuffer] : []),
  packError,
});
