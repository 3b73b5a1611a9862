import { describe, expect, test } from "bun:test";
import { piecesOf } from "./axes.ts";
import { type Context, metricsByDefinition } from "./metrics.ts";
import { coveredTime } from "./power.ts";
import { mergedSamples } from "./samples.ts";
import { timelineOf } from "./timeline.ts";

const START = 1772352000000;

type Values = Record<string, number | null>;

/** Samples at seconds after the start. */
function metrics(samples: [number, Values][], context: Partial<Context> = {}) {
  return metricsByDefinition(messages(samples), { pauses: [], ftp: null, skippedMessages: 0, ...context });
}

function messages(samples: [number, Values][]) {
  return samples.map(([second, values], id) => {
    const timestamp = START + second * 1000;
    return { message: { timestamp, ...values }, arrivedAt: timestamp, id };
  });
}

const pause = (from: number, to: number) => ({ from: START + from * 1000, to: START + to * 1000 });

function every(gap: number, count: number, from = 0): [number, Values][] {
  return Array.from({ length: count }, (_, index) => [from + index * gap, { power: 200 }]);
}

describe("pauses by gaps", () => {
  test.each([
    // 20 samples, then one after the gap: 19 s + the gap + 1 s, or 20 s + 1 s.
    ["10 s is none", 10, 30],
    ["more than 10 s is one", 10.001, 21],
  ])("%s", (_, gap, recordedTime) => {
    expect(metrics([...every(1, 20), ...every(1, 1, 19 + gap)]).summary.recordedTime).toBe(recordedTime);
  });

  test.each([
    // Gaps of 6 s: limit 18 s. 5 samples: 24 s + the gap + 6 s, or 30 s + 6 s.
    ["three times the median is none", 6, 18, 48],
    ["more than three times the median is one", 6, 19, 36],
    // Gaps of 25 s: limit 60 s, not 75. 100 s + the gap + 25 s, or 125 s + 25 s.
    ["60 s is none", 25, 60, 185],
    ["more than 60 s is one", 25, 61, 150],
  ])("%s", (_, usual, gap, recordedTime) => {
    const samples = [...every(usual, 5), ...every(1, 1, usual * 4 + gap)];
    expect(metrics(samples).summary.recordedTime).toBe(recordedTime);
  });

  test.each([
    ["faster than 0.5 m/s", 20, 10.1, 40],
    ["as fast as 0.5 m/s", 20, 10, 21],
    ["for 300 s", 300, 3000, 320],
    ["for longer than 300 s", 301, 3000, 21],
  ])("the odometer goes on %s", (_, gap, metres, recordedTime) => {
    const samples = every(1, 20).map(([at, values]): [number, Values] => [at, { ...values, distance: 500 }]);
    samples.push([19 + gap, { distance: 500 + metres }]);
    expect(metrics(samples).summary.recordedTime).toBe(recordedTime);
  });

  test("a reading missing on either side, or outside its bounds, makes it a pause", () => {
    const samples = (before: Values, after: Values): [number, Values][] => [
      ...every(1, 19),
      [19, before],
      [39, after],
    ];
    expect(metrics(samples({}, { distance: 900 })).summary.recordedTime).toBe(21);
    expect(metrics(samples({ distance: 1 }, { distance: 1e8 })).summary.recordedTime).toBe(21);
  });

  test("before a pause a sample covers no more than the gap", () => {
    // Gaps 80 (odometer), 80 (odometer), 61 (a pause): interval 80; 80 + 80 + 61 + 80.
    const { summary } = metrics([
      [0, { distance: 0 }],
      [80, { distance: 500 }],
      [160, { distance: 1000 }],
      [221, {}],
    ]);
    expect([summary.recordedTime, summary.elapsedTime]).toEqual([301, 301]);
  });
});

describe("explicit pauses", () => {
  test("are cut out, also in the middle of what a sample covers", () => {
    // 20 s, of which 5.5 to 9.25 are paused: 16.25 s.
    const { summary } = metrics(every(1, 20), { pauses: [pause(5.5, 9.25)] });
    expect([summary.recordedTime, summary.elapsedTime, summary.poweredTime]).toEqual([16, 20, 16]);
    expect(summary.totalEnergy).toBe(3); // 16.25 s · 200 W = 3.25 kJ
  });

  test("a sample before one covers an interval", () => {
    // Gaps 1 × 10 and 8: interval 1. The sample at 10 covers 10 to 11; 12 to 18 belongs to the pause.
    const samples: [number, Values][] = [...every(1, 11), [18, { power: 200 }]];
    expect(metrics(samples, { pauses: [pause(12, 13)] }).summary.recordedTime).toBe(12);
  });

  test("overlapping ones count once, and those outside do nothing", () => {
    const pauses = [pause(4, 8), pause(2, 6), pause(-9, -1), pause(50, 60), pause(12, 12)];
    expect(metrics(every(1, 20), { pauses }).summary.recordedTime).toBe(14);
  });
});

describe("what a field covers", () => {
  /** s covered by heart rate. */
  function covered(samples: [number, Values][], pauses: Context["pauses"] = []) {
    const merged = mergedSamples(messages(samples));
    return coveredTime(piecesOf(merged, timelineOf(merged, pauses), "heartrate"));
  }
  /** Power each second, heart rate where told. */
  function ride(count: number, heartrate: Record<number, number | null>) {
    return every(1, count).map(([at, values]): [number, Values] => {
      const value = heartrate[at];
      return [at, value === undefined ? values : { ...values, heartrate: value }];
    });
  }

  test.each<[string, number, [number, Values][]]>([
    ["10 s of a value that is not told again", 10, ride(30, { 3: 140 })],
    ["until the end of the ride", 5, ride(30, { 25: 140 })],
    ["until a null", 4, ride(30, { 3: 140, 7: null })],
    ["until a value out of bounds", 4, ride(30, { 3: 140, 7: 255 })],
    ["until another value, which goes on by itself", 14, ride(30, { 3: 140, 7: 150 })],
    [
      "10 s, though that ends within a sample's cover",
      10,
      [
        [0, { heartrate: 140 }],
        [4, {}],
        [8, {}],
        [12, {}],
      ],
    ],
    [
      "all of a sample's own cover",
      12,
      [
        [0, { heartrate: 140 }],
        [12, {}],
        [24, {}],
      ],
    ],
  ])("%s", (_, seconds, samples) => {
    expect(covered(samples)).toBe(seconds);
  });

  test("nothing is carried across a pause", () => {
    const samples: [number, Values][] = [...ride(5, { 3: 140 }), ...every(1, 5, 16)];
    expect(covered(samples)).toBe(2);
    // The sample before the pause covers its interval to the end.
    expect(covered(ride(30, { 3: 140 }), [pause(6.5, 7)])).toBe(4);
    expect(covered(ride(30, { 3: 140 }), [pause(2.5, 4.5)])).toBe(0);
  });

  test("two devices count in full", () => {
    // Power at .0 and heart rate at .5: the first half second has no heart rate.
    const samples = Array.from({ length: 20 }, (_, index): [number, Values] => [
      index / 2,
      index % 2 === 0 ? { power: 200 } : { heartrate: 140 },
    ]);
    expect(covered(samples)).toBe(9.5);
    expect(metrics(samples).summary.poweredTime).toBe(10);
  });
});

describe("axes", () => {
  test("a pause is zero on the clock's, also in part of a second, and not there on the recorded one", () => {
    // 200 W to 10 s, a pause to 20.5, 300 W to 30.5. Second 20: half 0, half 300; 30 is cut off.
    const samples: [number, Values][] = [...every(1, 10)];
    for (let second = 20.5; second < 30; second += 1) samples.push([second, { power: 300 }]);
    const { summary } = metrics(samples);
    expect([summary.elapsedTime, summary.recordedTime, summary.movingTime]).toEqual([31, 20, 20]);
    // The best 10 s are 20.5 to 30.5, of whole seconds 20 to 30: 2850 / 10, / 15, / 20; best 30 s: (2000 + 2850) / 30.
    expect(summary.powerCurve).toEqual({
      1: 300,
      2: 300,
      3: 300,
      5: 300,
      8: 300,
      10: 285,
      15: 190,
      20: 142.5,
      30: 161.7,
    });
  });

  test("a null weighs nothing in its second, and a second of nulls is zero to a curve", () => {
    const { summary } = metrics([
      [0, { power: 100 }],
      [0.5, { power: null }],
      [1, { power: null }],
      [1.5, { power: null }],
      [2, { power: 300 }],
      [2.5, { power: 300 }],
    ]);
    // Seconds 100, none, 300.
    expect(summary.powerCurve).toEqual({ 1: 300, 2: 150, 3: 133.3 });
    expect([summary.avgPower, summary.poweredTime, summary.movingTime]).toEqual([233, 2, 2]); // (50 + 300) / 1.5
  });
});

test("a ride without samples has times of 0, and nothing is known of it", () => {
  const { summary, ...rest } = metrics([], { ftp: 250, skippedMessages: 2 });
  expect(rest).toEqual({ heartrateCurve: {}, speedCurve: {}, startTime: null, endTime: null });
  expect(Object.entries(summary).filter(([, value]) => value !== null)).toEqual([
    ["sampleCount", 0],
    ["skippedSamples", 0],
    ["skippedMessages", 2],
    ["elapsedTime", 0],
    ["recordedTime", 0],
    ["movingTime", 0],
    ["poweredTime", 0],
    ["ftp", 250],
    ["powerCurve", {}],
  ]);
});

test("one sample covers a second", () => {
  const { summary, startTime, endTime } = metrics([[0, { power: 250, cadence: 90, speed: 36 }]]);
  expect([summary.elapsedTime, summary.recordedTime, summary.poweredTime, summary.movingTime]).toEqual([
    1, 1, 1, 1,
  ]);
  expect([summary.totalDistance, summary.avgSpeed, summary.powerCurve]).toEqual([10, 36, { 1: 250 }]);
  expect([startTime, endTime]).toEqual([START, START]);
});
