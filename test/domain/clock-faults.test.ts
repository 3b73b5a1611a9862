import { expect, test } from "bun:test";
import { keepParts, partsOfRide, spanOfRide } from "../../src/domain/clock-faults.ts";
import { recordingOf } from "../../src/domain/recording.ts";

const DAY = 86_400_000;

/** So many times, a second apart. */
const seconds = (count: number, start: number) =>
  Array.from({ length: count }, (_, index) => start + index * 1000);
const partsOf = (...times: number[][]) => partsOfRide(Float64Array.from(times.flat()));

test("a ride is cut where a gap is longer than a day", () => {
  expect(partsOf([0, DAY])).toEqual([{ from: 0, to: 2 }]);
  expect(partsOf([0, DAY + 1])).toEqual([
    { from: 0, to: 1 },
    { from: 1, to: 2 },
  ]);
  expect(partsOf([])).toEqual([]);
});

test("a part of less than 1 % of the largest one's samples is a fault, wherever it is", () => {
  const large = seconds(1000, 0);
  expect(partsOf(seconds(9, -9 * DAY), large, seconds(9, 9 * DAY))).toEqual([{ from: 9, to: 1009 }]);
  expect(partsOf(seconds(10, -9 * DAY), large, seconds(10, 9 * DAY))).toHaveLength(3);
  // Against the largest part, not against all of them.
  expect(partsOf(large, seconds(10, 2 * DAY), seconds(1000, 4 * DAY))).toHaveLength(3);
});

test("a fault in the middle leaves the parts around it", () => {
  const parts = partsOf(seconds(200, 0), seconds(1, 2 * DAY), seconds(300, 4 * DAY));
  expect(parts).toEqual([
    { from: 0, to: 200 },
    { from: 201, to: 501 },
  ]);
  const column = Float64Array.from({ length: 501 }, (_, index) => index);
  const kept = keepParts(column, parts);
  expect(kept).toHaveLength(500);
  expect([kept[199], kept[200], kept[499]]).toEqual([199, 201, 500]);
});

test("a column of which everything is kept is not copied", () => {
  const column = Float64Array.of(1, 2, 3);
  expect(keepParts(column, [{ from: 0, to: 3 }])).toBe(column);
  expect(keepParts(column, [{ from: 1, to: 3 }])).toEqual(Float64Array.of(2, 3));
  expect(keepParts(new Float64Array(), [])).toEqual(new Float64Array());
});

test("a ride lasts from the first to the last sample that belongs to it", async () => {
  const times = [-9 * DAY, ...seconds(200, 0), 9 * DAY];
  const samples = times.map((timestamp) => ({ timestamp }));
  expect(await spanOfRide(recordingOf(samples))).toEqual({ from: 0, to: 199_000 });
  expect(await spanOfRide(recordingOf([]))).toBeNull();
});
