import { expect, test } from "bun:test";
import fc from "fast-check";
import { recordingOf } from "../../src/domain/recording.ts";
import type { Sample } from "../../src/domain/sample.ts";
import { readLines, writeLines } from "../../src/domain/telemetry-lines.ts";
import { anyRide, identical } from "./any-samples.ts";

/** The latest time that a Date can hold, in epoch ms. */
const LAST = 8.64e15;

/** Sorted, as recordings are; the times of several may be equal. */
const sortedRide = anyRide.map((samples) =>
  samples.filter(({ timestamp }) => Math.abs(timestamp) <= LAST).sort((a, b) => a.timestamp - b.timestamp),
);

/** In pieces of so many bytes. */
async function* pieces(bytes: Uint8Array, length: number) {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

async function write(samples: readonly Sample[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeLines(recordingOf(samples))));
}

async function read(bytes: Uint8Array, length = 16_384): Promise<Sample[]> {
  return (await Array.fromAsync(readLines(pieces(bytes, length)))).flat();
}

const parse = (text: string) => read(Buffer.from(text));

test("any samples in order come back exactly, in whatever pieces", () =>
  fc.assert(
    fc.asyncProperty(sortedRide, fc.integer({ min: 1, max: 300 }), async (samples, length) => {
      expect(identical(await read(await write(samples), length), samples)).toBe(true);
    }),
    { numRuns: 300 },
  ));

test("a ride of more than one piece has each sample once, and each line is JSON", async () => {
  const samples: Sample[] = Array.from({ length: 9001 }, (_, second) => ({ timestamp: second, power: -0 }));
  const lines = await write(samples);
  const read = await Array.fromAsync(readLines(pieces(lines, 100_000)));
  expect(read.map(({ length }) => length)).toEqual([4096, 4096, 809]);
  expect(identical(read.flat(), samples)).toBe(true);
  const texts = lines.toString().trimEnd().split("\n");
  expect(texts).toHaveLength(9001);
  expect(JSON.parse(texts[9000] ?? "")).toEqual({ timestamp: 9000, power: -0 });
});

test("large samples are handed on before there are thousands of them", async () => {
  const samples = Array.from({ length: 90 }, (_, second) => ({
    timestamp: second,
    note: "x".repeat(100_000),
  }));
  const read = await Array.fromAsync(readLines(pieces(await write(samples), 1_000_000)));
  // 4 MB are 40 of them.
  expect(read.map(({ length }) => length)).toEqual([40, 40, 10]);
  expect(read.flat()).toEqual(samples);
});

test("no samples are no lines, and no lines no samples", async () => {
  expect(await write([])).toHaveLength(0);
  expect(await parse("")).toEqual([]);
});

test("the last line may lack its end, as an editor leaves it", async () => {
  expect(await parse('{"timestamp":1}\n{"timestamp":2}')).toEqual([{ timestamp: 1 }, { timestamp: 2 }]);
});

test("samples of one time stay apart, and a small timestamp stays as it is", async () => {
  expect(await parse('{"timestamp":1}\n{"timestamp":1}\n{"timestamp":1.5}\n')).toEqual([
    { timestamp: 1 },
    { timestamp: 1 },
    { timestamp: 1.5 },
  ]);
});

test.each([
  ['{"timestamp":2}\n{"timestamp":1}\n', 2],
  ['{"timestamp":1}\n{"timestamp":2}\n{"timestamp":1.999}\n', 3],
  ['{"power":1}\n', 1],
  ['{"timestamp":"1"}\n', 1],
  ['{"timestamp":1e999}\n', 1],
  [`{"timestamp":${LAST + 1}}\n`, 1],
  ['{"timestamp":null}\n', 1],
  ['{"timestamp":1}\n\n', 2],
  ['{"timestamp":1}\n[1]\n', 2],
  ['{"timestamp":1', 1],
])("%p is refused at its line", async (text, line) => {
  await expect(parse(text)).rejects.toThrow(`Line ${line} is no sample that is as late as the one before.`);
});

test("no line is read that is longer than any", async () => {
  let taken = 0;
  async function* endless() {
    for (; ; taken++) yield new Uint8Array(1_000_000).fill(0x20);
  }
  await expect(Array.fromAsync(readLines(endless()))).rejects.toThrow("Line 1 is too long.");
  expect(taken).toBeLessThan(20);
});
