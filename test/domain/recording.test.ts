import { expect, test } from "bun:test";
import { PIECE } from "../../src/domain/portions.ts";
import { ABSENT, recordingOf, withinBounds } from "../../src/domain/recording.ts";
import type { Sample } from "../../src/domain/sample.ts";

const NONE = Number.NaN;

test("a column tells what a sample lacks from what it has and is no number within bounds", async () => {
  const values = [
    200,
    0,
    3000,
    -0.5,
    3000.5,
    "200",
    null,
    undefined,
    true,
    [200],
    { valueOf: 200 },
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ];
  const samples: Sample[] = values.map((power, timestamp) => ({ timestamp, power }));
  const column = await recordingOf([...samples, { timestamp: 99 }]).column("power", [0, 3000]);
  expect([...column]).toEqual([200, 0, 3000, ...Array(10).fill(NONE), ABSENT]);
});

test("a field that every object inherits is absent where it is not the sample's own", async () => {
  const samples: Sample[] = [{ timestamp: 1 }, JSON.parse('{"timestamp":2,"toString":5,"__proto__":6}')];
  expect([...(await recordingOf(samples).column("toString", [0, 10]))]).toEqual([ABSENT, 5]);
  expect([...(await recordingOf(samples).column("__proto__", [0, 10]))]).toEqual([ABSENT, 6]);
});

test("bounds are in", () => {
  expect(withinBounds(20, [20, 250])).toBe(20);
  expect(withinBounds(250, [20, 250])).toBe(250);
  expect(withinBounds(19.999, [20, 250])).toBeNaN();
  expect(withinBounds(250.001, [20, 250])).toBeNaN();
});

test("its samples come in pieces, each time from the first on", async () => {
  const samples = Array.from({ length: 2 * PIECE.samples + 1 }, (_, second) => ({ timestamp: second }));
  const recording = recordingOf(samples);
  expect(recording).toHaveLength(samples.length);
  for (let round = 0; round < 2; round++) {
    const pieces = await Array.fromAsync(recording.samples());
    expect(pieces.map(({ length }) => length)).toEqual([PIECE.samples, PIECE.samples, 1]);
    expect(pieces.flat()).toEqual(samples);
  }
  expect(await Array.fromAsync(recordingOf([]).samples())).toEqual([]);
  expect(await recording.timestamps()).toEqual(Float64Array.from(samples, ({ timestamp }) => timestamp));
});
