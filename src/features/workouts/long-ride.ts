import { setImmediate } from "node:timers/promises";
import { ClockLead } from "../../domain/clock-lead.ts";
import { at } from "../../domain/column.ts";
import { ascendingOrder } from "../../domain/order.ts";
import type { Recording } from "../../domain/recording.ts";
import { SampleMerger } from "../../domain/sample.ts";
import { BLOCK, openTelemetry, TelemetryWriter } from "../../domain/telemetry-codec.ts";
import { noteGarbage } from "../../memory.ts";
import type { StreamBuffer, StreamKey } from "../../streams/buffer.ts";
import { formatMessageId, type IdParts, idParts } from "../../streams/message-id.ts";
import { bufferUnavailable } from "../../streams/unavailable.ts";
import { type ArrivalPage, readArrivals } from "./arrivals.ts";
import { NumberList } from "./number-list.ts";

/** The samples of a ride. */
export type RideSamples = {
  /** Merged and sorted by time. */
  recording: Recording;
  /** How far this machine's clock is ahead of the sender's, in ms, as ClockLead has it. */
  clockLead: number;
  /** The samples as they are to be kept. @throws TelemetryError telemetry_too_large. */
  telemetry(): Promise<Uint8Array>;
};

/** A sample leaves about so much behind when it has been encoded, in bytes, and so much for each of its characters. */
const SAMPLE_BYTES = 1_000;
const CHARACTER_BYTES = 10;

/** Characters of the samples that are in memory at once; of a sensor's own a block has far fewer. */
const BLOCK_WEIGHT = 2_000_000;

/** Samples that lie between two times, and where in the order of arrival the first and the last of them is. */
type Block = {
  fromTime: number;
  toTime: number;
  count: number;
  weight: number;
  firstIndex: number;
  lastIndex: number;
};

/**
 * A ride of which only timestamps are kept while it is read for the first time. Its samples are read again block by
 * block in the order of time: of what was sent in order each once, of what was not as often as it takes.
 */
export class LongRide {
  readonly #timestamps = new NumberList(Float64Array);
  readonly #weights = new NumberList(Float32Array);
  readonly #pages: { first: IdParts; last: IdParts; firstIndex: number }[] = [];
  /** Characters of all samples. */
  weight = 0;

  get length(): number {
    return this.#timestamps.length;
  }

  /** Pages come in the order of their ids. */
  add({ firstId, lastId, arrivals }: ArrivalPage): void {
    // Not the ids themselves: a piece of a text keeps all of that in memory.
    this.#pages.push({ first: idParts(firstId), last: idParts(lastId), firstIndex: this.length });
    const before = this.weight;
    for (const { sample, weight } of arrivals) {
      this.#timestamps.push(sample.timestamp);
      this.#weights.push(weight);
      this.weight += weight;
    }
    noteGarbage((this.weight - before) * CHARACTER_BYTES);
  }

  /**
   * Reads the samples from the buffer again.
   * @throws AppError buffer_unavailable, also where they are no longer there. TelemetryError telemetry_too_large.
   */
  async read(buffer: Pick<StreamBuffer, "range">, key: StreamKey): Promise<RideSamples> {
    const timestamps = this.#timestamps.values();
    const order = await ascendingOrder(timestamps);
    const lead = new ClockLead(inOrder(timestamps, order));
    await setImmediate();
    const writer = new TelemetryWriter("fast");
    for (const block of this.#blocks(order)) {
      const merger = new SampleMerger();
      let count = 0;
      for await (const arrival of this.#arrivals(buffer, key, block)) {
        const { timestamp } = arrival.sample;
        if (timestamp < block.fromTime || timestamp > block.toTime) continue;
        merger.add(arrival);
        lead.note(arrival, arrival.arrivedAt);
        count += 1;
      }
      if (count !== block.count) throw bufferUnavailable(new Error("The stream has changed meanwhile."));
      await writer.add(merger.finish());
      noteGarbage(block.weight * CHARACTER_BYTES + block.count * SAMPLE_BYTES);
    }
    const bytes = writer.finish();
    return {
      recording: await openTelemetry(bytes, noteGarbage),
      clockLead: lead.milliseconds,
      telemetry: async () => bytes,
    };
  }

  /** What has the same timestamp, and so may be one sample, is in one block. */
  *#blocks(order: Uint32Array): Generator<Block> {
    const timestamps = this.#timestamps.values();
    const weights = this.#weights.values();
    let block: Block | undefined;
    for (const index of order) {
      const time = at(timestamps, index);
      const isFull = block && (block.count >= BLOCK.samples || block.weight >= BLOCK_WEIGHT);
      if (block && isFull && time > block.toTime) {
        yield block;
        block = undefined;
      }
      block ??= { fromTime: time, toTime: time, count: 0, weight: 0, firstIndex: index, lastIndex: index };
      block.toTime = time;
      block.count += 1;
      block.weight += weights[index] ?? 0;
      block.firstIndex = Math.min(block.firstIndex, index);
      block.lastIndex = Math.max(block.lastIndex, index);
    }
    if (block) yield block;
  }

  async *#arrivals(buffer: Pick<StreamBuffer, "range">, key: StreamKey, { firstIndex, lastIndex }: Block) {
    const first = this.#pages.findLast((page) => page.firstIndex <= firstIndex)?.first;
    const next = this.#pages.find((page) => page.firstIndex > lastIndex)?.first;
    const last = next ?? this.#pages.at(-1)?.last;
    if (!first || !last) return;
    const [from, to] = [formatMessageId(first), formatMessageId(last)];
    for await (const { arrivals } of readArrivals(buffer, key, from, to)) yield* arrivals;
  }
}

function inOrder(values: Float64Array, order: Uint32Array): Float64Array {
  const ordered = new Float64Array(order.length);
  for (let position = 0; position < order.length; position++) {
    ordered[position] = at(values, order[position] ?? 0);
  }
  return ordered;
}
