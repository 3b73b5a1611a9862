import { setImmediate } from "node:timers/promises";
import { ClockLead } from "../../domain/clock-lead.ts";
import { at } from "../../domain/column.ts";
import { ascendingOrder } from "../../domain/order.ts";
import { SampleMerger } from "../../domain/sample.ts";
import { BLOCK, TelemetryWriter } from "../../domain/telemetry-codec.ts";
import { noteGarbage } from "../../memory.ts";
import type { MessageId } from "../../streams/buffer.ts";
import { formatMessageId, type IdParts, idParts } from "../../streams/message-id.ts";
import { arrivalsIn, type MessagePage } from "./arrivals.ts";
import { NumberList } from "./number-list.ts";

/** What is made of the messages of a ride. */
export type EncodedRide = {
  /** The samples, merged and sorted by time. */
  telemetry: Uint8Array;
  /** How far this machine's clock is ahead of the sender's, in ms, as ClockLead has it. */
  clockLead: number;
  /** Messages that are samples, resent ones included, and those that are none. */
  sampleMessages: number;
  skippedMessages: number;
};

/** A sample leaves about so much behind when it has been encoded, in bytes, and so much for each of its characters. */
const SAMPLE_BYTES = 1_000;
const CHARACTER_BYTES = 10;

/** Characters of the samples that are in memory at once; of a sensor's own a block has far fewer. */
const BLOCK_WEIGHT = 1_000_000;

/** Some fifteen samples of so many characters, or of more, are a block. */
const LARGEST_WEIGHT = 2 ** 16 - 1;

/** A sample by its time and its place in the order of arrival. */
type Place = { time: number; index: number };

/** Samples that follow one another in time, and where in the order of arrival the first and the last of them is. */
type Block = {
  from: Place;
  to: Place;
  count: number;
  weight: number;
  firstIndex: number;
  lastIndex: number;
};

/**
 * A ride of which only timestamps are kept while it is read for the first time. Its messages are then asked for again
 * block by block in the order of time: those that were sent in order each once, others as often as it takes.
 */
export class LongRide {
  readonly #timestamps = new NumberList(Float64Array);
  /** Up to LARGEST_WEIGHT. */
  readonly #weights = new NumberList(Uint16Array);
  readonly #pages: { first: IdParts; last: IdParts; firstIndex: number }[] = [];
  readonly #merger = new SampleMerger();
  readonly #writer = new TelemetryWriter("fast");
  #samples = 0;
  #skipped = 0;
  #lead: ClockLead | undefined;
  #blocks: Iterator<Block> | undefined;
  #block: Block | undefined;
  /** Of the block at hand: the index of the next arrival, and how many of its samples have come. */
  #index = 0;
  #count = 0;
  /** The index of the sample that is the last one in time. */
  #lastIndex = -1;

  /** Takes the pages of the first reading, in the order of their ids. */
  add(page: MessagePage): void {
    const arrivals = arrivalsIn(page);
    // Not the ids themselves: a piece of a text keeps all of that in memory.
    const [first, last] = [idParts(page.firstId), idParts(page.lastId)];
    this.#pages.push({ first, last, firstIndex: this.#samples });
    this.#samples += arrivals.length;
    let characters = 0;
    for (const { sample, weight } of arrivals) {
      this.#timestamps.push(sample.timestamp);
      this.#weights.push(Math.min(weight, LARGEST_WEIGHT));
      characters += weight;
    }
    this.#skipped += page.data.length - arrivals.length;
    noteGarbage(characters * CHARACTER_BYTES);
  }

  /**
   * Which messages are to be taken now, from one id to another, both included; "changed" where those before are no longer
   * what they were when they were added.
   * @throws TelemetryError telemetry_too_large.
   */
  async nextBlock(): Promise<{ from: MessageId; to: MessageId } | "finished" | "changed"> {
    this.#blocks ??= await this.#sort();
    if (this.#block && this.#count !== this.#block.count) return "changed";
    if (this.#block) await this.#finishBlock(this.#block);
    const { value: block }: { value?: Block } = this.#blocks.next();
    this.#block = block;
    if (!block) return "finished";
    const first = this.#pages.findLast((page) => page.firstIndex <= block.firstIndex);
    const next = this.#pages.find((page) => page.firstIndex > block.lastIndex)?.first;
    const last = next ?? this.#pages.at(-1)?.last;
    if (!first || !last) return "changed";
    this.#index = first.firstIndex;
    this.#count = 0;
    return { from: formatMessageId(first.first), to: formatMessageId(last) };
  }

  /** Takes the pages of a block, in the order of their ids. */
  take(page: MessagePage): void {
    for (const arrival of arrivalsIn(page)) {
      const place = { time: arrival.sample.timestamp, index: this.#index++ };
      if (!this.#block || isBefore(place, this.#block.from) || isBefore(this.#block.to, place)) continue;
      this.#merger.add(arrival);
      this.#lead?.note(arrival, arrival.arrivedAt);
      this.#count += 1;
    }
  }

  /** Once there are no more blocks. */
  finish(): EncodedRide {
    return {
      telemetry: this.#writer.finish(),
      clockLead: this.#lead?.milliseconds ?? 0,
      sampleMessages: this.#samples,
      skippedMessages: this.#skipped,
    };
  }

  async #sort(): Promise<Iterator<Block>> {
    const timestamps = this.#timestamps.take();
    const weights = this.#weights.take();
    noteGarbage(timestamps.byteLength + weights.byteLength);
    const order = await ascendingOrder(timestamps);
    this.#lead = new ClockLead(timesOf(timestamps, order));
    noteGarbage(timestamps.byteLength + order.byteLength);
    await setImmediate();
    return this.#blocksOf(order, timestamps, weights);
  }

  async #finishBlock({ count, weight, to }: Block): Promise<void> {
    const isLast = to.index === this.#lastIndex;
    await this.#writer.add(this.#merger.take(isLast ? Number.POSITIVE_INFINITY : to.time));
    noteGarbage(weight * CHARACTER_BYTES + count * SAMPLE_BYTES);
  }

  *#blocksOf(
    order: Uint32Array,
    timestamps: Float64Array,
    weights: Uint16Array,
  ): Generator<Block, undefined> {
    this.#lastIndex = order.at(-1) ?? -1;
    let block: Block | undefined;
    for (const index of order) {
      const place = { time: at(timestamps, index), index };
      if (block && (block.count >= BLOCK.samples || block.weight >= BLOCK_WEIGHT)) {
        yield block;
        block = undefined;
      }
      block ??= { from: place, to: place, count: 0, weight: 0, firstIndex: index, lastIndex: index };
      block.to = place;
      block.count += 1;
      block.weight += weights[index] ?? 0;
      block.firstIndex = Math.min(block.firstIndex, index);
      block.lastIndex = Math.max(block.lastIndex, index);
    }
    if (block) yield block;
    return undefined;
  }
}

/** In time, and where that is the same, in the order of arrival. */
function isBefore(one: Place, other: Place): boolean {
  return one.time === other.time ? one.index < other.index : one.time < other.time;
}

/** The times in order, each once: what was sent again is no further sample. */
function timesOf(values: Float64Array, order: Uint32Array): Float64Array {
  const times = new Float64Array(order.length);
  let count = 0;
  // By place: for-of leaves an object for each value behind.
  for (let place = 0; place < order.length; place++) {
    const time = at(values, order[place] ?? 0);
    if (count === 0 || time > at(times, count - 1)) times[count++] = time;
  }
  return times.subarray(0, count);
}
