import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { ClockLead } from "../../../src/domain/clock-lead.ts";
import { recordingOf } from "../../../src/domain/recording.ts";
import { parseArrival, SampleMerger } from "../../../src/domain/sample.ts";
import { derive } from "../../../src/domain/summary.ts";
import { decodeTelemetry } from "../../../src/domain/telemetry-codec.ts";
import { MOST_HELD } from "../../../src/features/workouts/open-recording.ts";
import { readRide } from "../../../src/features/workouts/ride.ts";
import type { MessageId, StreamBuffer, StreamKey } from "../../../src/streams/buffer.ts";
import { openEmbeddedBuffer } from "../../../src/streams/embedded.ts";
import { identical } from "../../domain/any-samples.ts";
import { temporaryDirectory } from "../../support/directory.ts";
import { failureOf } from "../../support/failure.ts";

setDefaultTimeout(60_000);

const RIDE: StreamKey = { owner: "rider", name: "ride" };
const START = 1_767_225_600_000;
const LENGTH = MOST_HELD + 10;

/** A message as it is sent, and when it arrives, in epoch ms. */
type Sent = { message: string; timestamp: number };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let buffer: StreamBuffer;

beforeEach(async () => {
  directory = await temporaryDirectory();
  buffer = await openEmbeddedBuffer({
    path: join(directory.path, "s.db"),
    durability: "relaxed",
    now: Date.now,
  });
});

afterEach(async () => {
  await buffer.close();
  await directory.remove();
});

async function send(messages: readonly Sent[]): Promise<void> {
  for (let from = 0; from < messages.length; from += 1000) {
    const page = messages.slice(from, from + 1000);
    await buffer.append(
      RIDE,
      page.map((data) => JSON.stringify(data)),
    );
  }
}

/** A sample of a second of the ride; those of two devices differ in what they have. */
function fieldsOf(second: number): object {
  if (second % 4 === 3) return { heartrate: 120 + (second % 40), cadence: second % 7 === 0 ? null : 90 };
  return {
    power: (second * 7919) % 500,
    distance: second * 8,
    altitude: 200 + 80 * Math.sin(second / 600),
    ...(second % 1000 === 0 ? { lap: `"${second}"` } : {}),
  };
}

/** What was recorded in each second of the ride, some time before it arrives. */
function recorded(from: number, to: number, delay = 250): Sent[] {
  return Array.from({ length: to - from }, (_, index) => {
    const timestamp = START + (from + index) * 1000;
    const message = JSON.stringify({ timestamp, ...fieldsOf(from + index) });
    return { message, timestamp: timestamp + delay };
  });
}

/** What arrives later than all else of a ride of a day. */
function late(messages: readonly Sent[]): Sent[] {
  return messages.map(({ message }) => ({ message, timestamp: START + 86_400_000 }));
}

/** The ride with all of it in memory. */
function inMemory(messages: readonly Sent[]) {
  const arrivals = messages.flatMap(({ message, timestamp }) => {
    const arrival = parseArrival(message, timestamp);
    return arrival ? [{ arrival, arrivedAt: timestamp }] : [];
  });
  const merger = new SampleMerger();
  for (const { arrival } of arrivals) merger.add(structuredClone(arrival));
  const samples = merger.finish();
  const lead = new ClockLead(Float64Array.from(samples, ({ timestamp }) => timestamp));
  for (const { arrival, arrivedAt } of arrivals) lead.note(arrival, arrivedAt);
  return { samples, clockLead: lead.milliseconds, sampleMessages: arrivals.length };
}

const CONTEXT = {
  pauses: [{ from: START + 1_000_000, to: START + 1_900_000 }],
  ftp: 250,
  heartrates: null,
  skippedMessages: 0,
};

/** Counts the messages that are read, and how often the last one is. */
function counting(last?: MessageId | null) {
  const counted = {
    messages: 0,
    endings: 0,
    async range(...request: Parameters<StreamBuffer["range"]>) {
      const page = await buffer.range(...request);
      counted.messages += page.length;
      if (page.at(-1)?.id === last) counted.endings += 1;
      return page;
    },
  };
  return counted;
}

/** It is found to be long, and then read in order, ahead of being read block by block. */
const IN_ORDER = 2;

const rides: Record<string, () => Sent[]> = {
  "in order": () => recorded(0, LENGTH),
  "with a batch of 10,000 from the middle of it sent late": () => [
    ...recorded(0, 20_000),
    ...recorded(30_000, LENGTH),
    ...late(recorded(20_000, 30_000)),
  ],
  "in batches of a thousand, the last one first": () =>
    Array.from({ length: Math.ceil(LENGTH / 1000) }, (_, batch) =>
      recorded(batch * 1000, Math.min((batch + 1) * 1000, LENGTH)),
    )
      .toReversed()
      .flat(),
  "sent twice, and completed the second time": () => [
    ...recorded(0, 30_000),
    ...recorded(0, 30_000).map(({ message, timestamp }) => ({
      message: JSON.stringify({ ...JSON.parse(message), speed: 30, power: null }),
      timestamp: timestamp + 60_000,
    })),
  ],
  "of which 20,000 arrive in one instant without a timestamp, and 100 complete a sample": () => [
    ...recorded(0, 15_000),
    ...Array.from({ length: 20_000 }, (_, index) => ({
      message: JSON.stringify({ power: index % 300 }),
      timestamp: START + 15_000_000,
    })),
    ...recorded(15_001, 30_010),
    ...Array.from({ length: 100 }, (_, index) => ({
      message: JSON.stringify({ timestamp: START + 15_000_000, [`sensor${index}`]: index }),
      timestamp: START + 15_000_900,
    })),
  ],
  "with text among the samples, and some of a clock that was wrong": () => [
    { message: "go!", timestamp: START },
    { message: JSON.stringify({ timestamp: Date.UTC(2000, 0, 1), power: 900 }), timestamp: START },
    ...recorded(0, LENGTH).flatMap((one, index) =>
      index % 5000 === 0 ? [{ message: "[1]", timestamp: one.timestamp }, one] : [one],
    ),
    { message: JSON.stringify({ timestamp: Date.UTC(2030, 0, 1), power: 900 }), timestamp: START },
  ],
  "of one instant, in hundreds of fields of 100,000 characters": () =>
    recorded(0, 300).map(({ timestamp }, index) => ({
      message: JSON.stringify({ timestamp: START, [`text${index % 250}`]: String(index).repeat(30_000) }),
      timestamp,
    })),
  "with a clock fault that was sent 800 times": () => [
    ...recorded(0, LENGTH),
    ...Array.from({ length: 800 }, () => ({
      message: JSON.stringify({ timestamp: START + 10 * 365 * 86_400_000, power: 1 }),
      timestamp: START + 1000,
    })),
  ],
  "of few samples that are large": () =>
    recorded(0, 130).map(({ message, timestamp }) => ({
      message: JSON.stringify({ ...JSON.parse(message), note: "x".repeat(100_000) }),
      timestamp,
    })),
};

test.each(Object.entries(rides))("a long ride %s is what it is with all of it in memory", async (_, make) => {
  const messages = make();
  await send(messages);
  const counted = counting();
  const ride = await readRide(counted, RIDE);
  // Read more than once, and so not held.
  expect(counted.messages).toBeGreaterThanOrEqual(2 * ride.sampleMessages);

  const { samples, clockLead, sampleMessages } = inMemory(messages);
  expect(ride).toMatchObject({
    clockLead,
    sampleMessages,
    skippedMessages: messages.length - sampleMessages,
    lastMessageId: (await buffer.info(RIDE))?.lastMessageId,
  });
  expect(ride.recording).toHaveLength(samples.length);
  expect(identical(await decodeTelemetry(await ride.telemetry()), samples)).toBe(true);
  expect(await ride.recording.derive(CONTEXT)).toEqual(await derive(recordingOf(samples), CONTEXT));
});

test("a ride of which some is gone when it is read again is told to be tried again", async () => {
  await send(recorded(0, LENGTH));
  const { lastMessageId } = (await buffer.info(RIDE)) ?? {};
  const counted = counting(lastMessageId);
  const changing: Pick<StreamBuffer, "range"> = {
    async range(...request) {
      const page = await counted.range(...request);
      if (page.at(-1)?.id === lastMessageId && counted.endings === IN_ORDER) {
        await buffer.delete(RIDE, (await buffer.range(RIDE, "0-0", page[0]?.id ?? "", 3)).at(-1)?.id);
      }
      return page;
    },
  };
  expect(await failureOf(readRide(changing, RIDE))).toMatchObject({ code: "buffer_unavailable" });
  expect((await buffer.info(RIDE))?.length).toBe(LENGTH - 3);
});

test("what arrives after a long ride has been read is not in it", async () => {
  const messages = recorded(0, LENGTH);
  await send(messages);
  const { lastMessageId } = (await buffer.info(RIDE)) ?? {};
  const counted = counting(lastMessageId);
  let hasCome = false;
  const growing: Pick<StreamBuffer, "range"> = {
    async range(...request) {
      if (counted.endings === IN_ORDER && !hasCome) {
        hasCome = true;
        await send(recorded(LENGTH - 5000, LENGTH + 10));
      }
      return counted.range(...request);
    },
  };
  const ride = await readRide(growing, RIDE);
  expect(hasCome).toBe(true);
  expect(ride).toMatchObject({ sampleMessages: LENGTH, lastMessageId });
  expect(identical(await decodeTelemetry(await ride.telemetry()), inMemory(messages).samples)).toBe(true);
});
