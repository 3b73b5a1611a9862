import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { readRide } from "../../../src/features/workouts/ride.ts";
import type { StreamBuffer, StreamKey } from "../../../src/streams/buffer.ts";
import { openEmbeddedBuffer } from "../../../src/streams/embedded.ts";
import { temporaryDirectory } from "../../support/directory.ts";

const RIDE: StreamKey = { owner: "rider", name: "ride" };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let buffer: StreamBuffer;
/** How many messages each page had that came. */
let pages: number[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  buffer = await openEmbeddedBuffer({
    path: join(directory.path, "s.db"),
    durability: "relaxed",
    now: Date.now,
  });
  pages = [];
});

afterEach(async () => {
  await buffer.close();
  await directory.remove();
});

let time = 1_700_000_000_000;

async function append(count: number, size: number): Promise<void> {
  const note = "x".repeat(size);
  const texts = Array.from({ length: count }, () => {
    time += 1000;
    return JSON.stringify({
      message: JSON.stringify({ timestamp: time, power: 200, note }),
      timestamp: time,
    });
  });
  await buffer.append(RIDE, texts);
}

/** A link that carries no more than so many characters in time. */
function narrow(most: number): Pick<StreamBuffer, "range"> {
  return {
    async range(...request) {
      const page = await buffer.range(...request);
      if (page.reduce((sum, { data }) => sum + data.length, 0) > most) throw new Error("no answer in time");
      pages.push(page.length);
      return page;
    },
  };
}

test("an ordinary ride is read in large pages", async () => {
  await append(5000, 50);
  const ride = await readRide(narrow(Number.POSITIVE_INFINITY), RIDE);
  expect(ride).toMatchObject({ sampleMessages: 5000, skippedMessages: 0 });
  expect(ride.recording).toHaveLength(5000);
  expect(pages.length).toBeLessThanOrEqual(9);
});

test("a ride of messages of the largest kind is read in pages that come in time", async () => {
  await append(100, 100_000);
  const ride = await readRide(narrow(2_000_000), RIDE);
  expect(ride).toMatchObject({
    sampleMessages: 100,
    lastMessageId: (await buffer.info(RIDE))?.lastMessageId,
  });
});

test("so is one whose messages grow on the way", async () => {
  for (let round = 0; round < 2; round++) {
    await append(1500, 50);
    await append(60, 100_000);
  }
  const ride = await readRide(narrow(2_000_000), RIDE);
  expect(ride.sampleMessages).toBe(3120);
  expect(ride.recording).toHaveLength(3120);
});

test("a buffer that does not answer is not asked again and again", async () => {
  await append(3000, 50);
  let asked = 0;
  const away = async () => {
    asked += 1;
    throw new Error("no answer in time");
  };
  await expect(readRide({ range: away }, RIDE)).rejects.toThrow("no answer in time");
  expect(asked).toBe(1);
  const goes = narrow(Number.POSITIVE_INFINITY);
  const range: StreamBuffer["range"] = (...request) => (pages.length < 3 ? goes.range(...request) : away());
  await expect(readRide({ range }, RIDE)).rejects.toThrow("no answer in time");
  expect(asked).toBe(3);
});
