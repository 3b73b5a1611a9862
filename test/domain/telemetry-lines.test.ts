import { expect, test } from "bun:test";
import fc from "fast-check";
import { mergeSamples, type Sample } from "../../src/domain/sample.ts";
import { readLines, writeLines } from "../../src/domain/telemetry-lines.ts";
import { anyRide, identical } from "./any-samples.ts";

/** The latest time that a Date can hold, in epoch ms. */
const LAST = 8.64e15;

const mergedRide = anyRide.map((samples) =>
  mergeSamples(samples.filter(({ timestamp }) => Math.abs(timestamp) <= LAST)),
);

/** In pieces of so many bytes. */
async function* pieces(bytes: Uint8Array, length: number) {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

const read = (bytes: Uint8Array, most = 4000, length = 16_384) => readLines(pieces(bytes, length), most);
const parse = (text: string, most?: number) => read(Buffer.from(text), most);

test("any merged samples come back exactly, in whatever pieces", () =>
  fc.assert(
    fc.asyncProperty(mergedRide, fc.integer({ min: 1, max: 300 }), async (samples, length) => {
      expect(identical(await read(writeLines(samples), samples.length, length), samples)).toBe(true);
    }),
    { numRuns: 300 },
  ));

test("a ride of more than one page has each sample once, and each line is JSON", async () => {
  const samples: Sample[] = Array.from({ length: 2501 }, (_, second) => ({ timestamp: second, power: -0 }));
  const lines = writeLines(samples);
  expect(identical(await read(lines), samples)).toBe(true);
  const texts = Buffer.from(lines).toString().trimEnd().split("\n");
  expect(texts).toHaveLength(2501);
  expect(JSON.parse(texts[2500] ?? "")).toEqual({ timestamp: 2500, power: -0 });
});

test("the last line may lack its end, as an editor leaves it", async () => {
  expect(await parse('{"timestamp":1}\n{"timestamp":2}')).toEqual([{ timestamp: 1 }, { timestamp: 2 }]);
});

test.each([
  ['{"timestamp":1}\n{"timestamp":1}\n', 2],
  ['{"timestamp":2}\n{"timestamp":1}\n', 2],
  ['{"power":1}\n', 1],
  ['{"timestamp":"1"}\n', 1],
  [`{"timestamp":${LAST + 1}}\n`, 1],
  ['{"timestamp":1}\n\n', 2],
  ['{"timestamp":1}\n[1]\n', 2],
  ['{"timestamp":1', 1],
])("%p is refused at its line", async (text, line) => {
  await expect(parse(text)).rejects.toThrow(`Line ${line} is no sample that is later than the one before.`);
});

test("no more is read than there should be, and no line that is longer than any", async () => {
  await expect(parse('{"timestamp":1}\n{"timestamp":2}\n', 1)).rejects.toThrow(
    "There are more than 1 samples.",
  );
  let taken = 0;
  async function* endless() {
    for (; ; taken++) yield new Uint8Array(1_000_000).fill(0x20);
  }
  await expect(readLines(endless(), 1)).rejects.toThrow("Line 1 is too long.");
  expect(taken).toBeLessThan(20);
});
