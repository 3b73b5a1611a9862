import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Arrival, parseArrival, type Sample, SampleMerger } from "../../src/domain/sample.ts";
import { mergeSamples, parseSample } from "./rides.ts";

const ARRIVED = 1_700_000_000_000;

test("a JSON object is a sample, every field as sent", () => {
  const message = '{"timestamp":1700000000005,"power":200,"note":{"a":[1,null]},"cadence":null}';
  expect(parseSample(message, ARRIVED)).toEqual({
    timestamp: 1_700_000_000_005,
    power: 200,
    note: { a: [1, null] },
    cadence: null,
  });
});

test.each(["", "hello", "[]", '[{"timestamp":1}]', "null", "1", '"text"', "true", '{"power":', "{power:1}"])(
  "%p is no sample",
  (message) => {
    expect(parseSample(message, ARRIVED)).toBeNull();
  },
);

test("what nests too deep to be written again is no sample", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  expect(parseSample(nested(50), ARRIVED)).not.toBeNull();
  expect(parseSample(nested(45_000), ARRIVED)).toBeNull();
});

test.each([
  "{}",
  '{"timestamp":null}',
  '{"timestamp":"soon"}',
  '{"timestamp":1e999}',
  '{"timestamp":8.65e18}',
])("%p takes the time of its arrival", (message) => {
  const sample = { ...JSON.parse(message), timestamp: ARRIVED };
  expect(parseArrival(message, ARRIVED)).toEqual({ sample, isDated: false, weight: message.length });
});

test.each([
  [0, 0],
  [1_700_000_000_000.25, 1_700_000_000_000.25],
  [-62_135_596_800_000, -62_135_596_800_000],
  [1_700_000_000, 1_700_000_000_000],
  [1_700_000_000_000_250, 1_700_000_000_000.25],
  ["1700000000000", 1_700_000_000_000],
  ["2023-11-14T22:13:20Z", 1_700_000_000_000],
])("the timestamp %p is the sample's own, in ms %p", (timestamp, milliseconds) => {
  const message = JSON.stringify({ timestamp, power: 200 });
  expect(parseArrival(message, ARRIVED + 1)).toEqual({
    sample: { timestamp: milliseconds, power: 200 },
    isDated: true,
    weight: message.length,
  });
});

test("a field named __proto__ stays a field, through reading and merging", () => {
  const poisoned = parseSample('{"__proto__":{"power":300},"constructor":1}', ARRIVED);
  const clean = parseSample(`{"timestamp":${ARRIVED}}`, 0);
  if (poisoned === null || clean === null) throw new Error("both are samples");
  for (const sample of [poisoned, ...mergeSamples([poisoned, clean]), ...mergeSamples([clean, poisoned])]) {
    expect(Object.getOwnPropertyDescriptor(sample, "__proto__")?.value).toEqual({ power: 300 });
    expect(Object.getPrototypeOf(sample)).toBe(Object.prototype);
    expect(sample.power).toBeUndefined();
  }
});

test("samples are sorted by timestamp, those that arrived in disorder too", () => {
  const merged = mergeSamples([{ timestamp: 3 }, { timestamp: -1 }, { timestamp: 2.5 }]);
  expect(merged).toEqual([{ timestamp: -1 }, { timestamp: 2.5 }, { timestamp: 3 }]);
});

test("of equal timestamps the later-arrived field wins, null erases nothing, and the others stay", () => {
  const merged = mergeSamples([
    { timestamp: 1, power: 100, cadence: 80, speed: null },
    { timestamp: 2, power: 7 },
    { timestamp: 1, power: 150, heartrate: 120, altitude: null },
    { timestamp: 1, cadence: null, speed: 30, altitude: null },
  ]);
  expect(merged).toEqual([
    { timestamp: 1, power: 150, cadence: 80, speed: 30, heartrate: 120, altitude: null },
    { timestamp: 2, power: 7 },
  ]);
});

test("a resent ride is the ride", () => {
  const sent = [1, 2, 3].map((timestamp) => ({ timestamp, power: timestamp * 10 }));
  expect(mergeSamples([...sent, ...sent])).toEqual(sent);
});

test("samples that bear the time of their arrival are each one, also beside one that says the same time", () => {
  const merger = new SampleMerger();
  merger.add({ sample: { timestamp: 5, power: 1 }, isDated: false, weight: 20 });
  merger.add({ sample: { timestamp: 5, power: 2 }, isDated: true, weight: 20 });
  merger.add({ sample: { timestamp: 4, power: 3 }, isDated: false, weight: 20 });
  merger.add({ sample: { timestamp: 5, power: 4 }, isDated: false, weight: 20 });
  merger.add({ sample: { timestamp: 5, heartrate: 120 }, isDated: true, weight: 20 });
  merger.add({ sample: { timestamp: 5, power: 1 }, isDated: false, weight: 20 });
  // Equal times are in the order of arrival.
  expect(merger.finish()).toEqual([
    { timestamp: 4, power: 3 },
    { timestamp: 5, power: 1 },
    { timestamp: 5, power: 2, heartrate: 120 },
    { timestamp: 5, power: 4 },
    { timestamp: 5, power: 1 },
  ]);
});

test("nothing merges to nothing", () => {
  expect(mergeSamples([])).toEqual([]);
});

test("the order of arrival does not matter for distinct timestamps", () => {
  const samples = fc
    .uniqueArray(fc.integer(), { minLength: 1 })
    .map((timestamps) => timestamps.map((timestamp) => ({ timestamp, power: timestamp % 300 })));
  const arrivals = samples.chain((sent) =>
    fc.tuple(fc.constant(sent), fc.shuffledSubarray(sent, { minLength: sent.length })),
  );
  fc.assert(
    fc.property(arrivals, ([sent, shuffled]) => {
      expect(mergeSamples(shuffled)).toEqual(mergeSamples(sent));
    }),
  );
});

/** Samples of one instant, each with a text of its own so long, as they arrive. */
function texts(count: number, length: number, nameOf = (index: number) => `text${index}`): Arrival[] {
  return Array.from({ length: count }, (_, index) => {
    const message = JSON.stringify({ timestamp: 7, [nameOf(index)]: "x".repeat(length) });
    return parseArrival(message, 0) as Arrival;
  });
}

test("what is more than one sample may hold makes another, and is not lost", () => {
  const merger = new SampleMerger();
  for (const arrival of texts(25, 99_000)) merger.add(arrival);
  const samples = merger.finish();
  expect(samples.map((sample) => Object.keys(sample).length - 1)).toEqual([10, 10, 5]);
  expect(new Set(samples.flatMap(Object.keys)).size).toBe(26);
});

test("what is sent again is the same sample, however often", () => {
  const merger = new SampleMerger();
  for (const arrival of texts(200, 99_000, () => "text")) merger.add(arrival);
  for (let times = 0; times < 100_000; times++) {
    merger.add({ sample: { timestamp: 7000, power: times }, isDated: true, weight: 27 });
  }
  expect(merger.finish()).toEqual([{ timestamp: 7000, text: "x".repeat(99_000), power: 99_999 }]);
});

test("samples are taken once nothing can complete them any more", () => {
  const merger = new SampleMerger();
  const add = (sample: Sample, isDated = true) => merger.add({ sample, isDated, weight: 20 });
  add({ timestamp: 5, power: 1 });
  add({ timestamp: 4, power: 2 });
  add({ timestamp: 5, power: 3 }, false);
  expect(merger.take(5)).toEqual([{ timestamp: 4, power: 2 }]);
  add({ timestamp: 5, cadence: 90 });
  add({ timestamp: 6, power: 4 }, false);
  expect(merger.take(6)).toEqual([
    { timestamp: 5, power: 1, cadence: 90 },
    { timestamp: 5, power: 3 },
    { timestamp: 6, power: 4 },
  ]);
  expect(merger.finish()).toEqual([]);
});

test("to complete a sample that is nearly full takes no longer each time", () => {
  const merger = new SampleMerger();
  const fields = Array.from({ length: 9 }, (_, part) =>
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${part}-${index}`, 1])),
  );
  for (const sample of fields) {
    const message = { timestamp: 7, ...sample };
    merger.add({ sample: message, isDated: true, weight: JSON.stringify(message).length });
  }
  const began = performance.now();
  for (let times = 0; times < 200_000; times++) {
    merger.add({ sample: { timestamp: 7, k: times }, isDated: true, weight: 25 });
  }
  expect(performance.now() - began).toBeLessThan(5000);
  const samples = merger.finish();
  expect(samples.reduce((sum, sample) => sum + Object.keys(sample).length - 1, 0)).toBeGreaterThan(90_000);
  expect(samples.at(-1)).toMatchObject({ k: 199_999 });
});
