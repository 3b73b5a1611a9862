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

const parse = (text: string) => readLines(Buffer.from(text));

test("any merged samples come back exactly", () => {
  const property = fc.property(mergedRide, (samples) => {
    expect(identical(readLines(writeLines(samples)), samples)).toBe(true);
  });
  fc.assert(property, { numRuns: 300 });
});

test("a ride of more than one page has each sample once, and each line is JSON", () => {
  const samples: Sample[] = Array.from({ length: 2501 }, (_, second) => ({ timestamp: second, power: -0 }));
  const lines = writeLines(samples);
  expect(identical(readLines(lines), samples)).toBe(true);
  const texts = Buffer.from(lines).toString().trimEnd().split("\n");
  expect(texts).toHaveLength(2501);
  expect(JSON.parse(texts[2500] ?? "")).toEqual({ timestamp: 2500, power: -0 });
});

test("the last line may lack its end, as an editor leaves it", () => {
  expect(parse('{"timestamp":1}\n{"timestamp":2}')).toEqual([{ timestamp: 1 }, { timestamp: 2 }]);
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
])("%p is refused at its line", (text, line) => {
  expect(() => parse(text)).toThrow(`Line ${line} is no sample that is later than the one before.`);
});
