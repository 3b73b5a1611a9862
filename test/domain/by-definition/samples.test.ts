import { describe, expect, test } from "bun:test";
import { type Message, mergedSamples, toMilliseconds, withoutClockFaults } from "./samples.ts";
import { pausesBySampleClock } from "./timeline.ts";

/** In the order of arrival, a millisecond apart. */
function arriving(...messages: object[]): Message[] {
  return messages.map((message, index) => ({ message, arrivedAt: 5e12 + index, id: index + 1 }));
}

describe("timestamps", () => {
  test.each([
    [1772352000123, 1772352000123],
    [1772352000123.5, 1772352000123.5],
    [99_999_999_999, 99_999_999_999_000],
    [100_000_000_000, 100_000_000_000],
    [1772352000.5, 1772352000500],
    [99_999_999_999_999, 99_999_999_999_999],
    [1772352000123456, 1772352000123.456],
    ["1772352000123", 1772352000123],
    ["1772352000.5", 1772352000500],
    ["2026-03-01T08:00:00.250Z", 1772352000250],
    ["2026-03-01T10:00:00+02:00", 1772352000000],
    [0, 0],
    ["", null],
    ["yesterday", null],
    [null, null],
    [undefined, null],
    [true, null],
  ])("%p is %p", (timestamp, milliseconds) => {
    expect(toMilliseconds(timestamp)).toBe(milliseconds);
  });
});

describe("merging", () => {
  test("the later value that is not null wins, null erases nothing, absent stays absent", () => {
    const [sample, ...more] = mergedSamples(
      arriving(
        { timestamp: 1772352000000, power: 200, heartrate: 120, cadence: null },
        { timestamp: "2026-03-01T08:00:00Z", power: null, heartrate: 125, speed: null },
        { timestamp: 1772352000, cadence: 90 },
      ),
    );
    expect(more).toEqual([]);
    expect(sample?.values).toEqual({ power: 200, heartrate: 125, cadence: 90, speed: null });
  });

  test("arrival decides, not the place in the list", () => {
    const [earlier, later] = arriving(
      { timestamp: 1772352000000, power: 1 },
      { timestamp: 1772352000000, power: 2 },
    );
    const merged = mergedSamples([later as Message, earlier as Message]);
    expect(merged.map(({ values }) => values.power)).toEqual([2]);
  });

  test("those by the time of their arrival stay, in order of id, also beside one with that timestamp", () => {
    const at = 1772352000000;
    const messages = [
      { message: { power: 3 }, arrivedAt: at, id: 3 },
      { message: { power: 1 }, arrivedAt: at, id: 1 },
      { message: { timestamp: at, power: 2 }, arrivedAt: at, id: 2 },
      { message: { timestamp: at, power: 4 }, arrivedAt: at, id: 4 },
    ];
    expect(mergedSamples(messages).map(({ values }) => values.power)).toEqual([1, 4, 3]);
  });

  test("outside its bounds a value is null, on them it is not", () => {
    const [least, most, below, above] = mergedSamples(
      arriving(
        { timestamp: 1e12, power: 0, cadence: 0, heartrate: 20, speed: 0, altitude: -500, distance: 0 },
        {
          timestamp: 2e12,
          power: 3000,
          cadence: 250,
          heartrate: 250,
          speed: 200,
          altitude: 9000,
          distance: 1e7,
        },
        { timestamp: 3e12, power: -1, cadence: -1, heartrate: 19, speed: -1, altitude: -501, distance: -1 },
        {
          timestamp: 4e12,
          power: 3001,
          cadence: 251,
          heartrate: 251,
          speed: 201,
          altitude: 9001,
          distance: 1e7 + 1,
        },
      ),
    );
    const none = { power: null, cadence: null, heartrate: null, speed: null, altitude: null, distance: null };
    expect(Object.values(least?.values ?? {})).toEqual([0, 0, 20, 0, -500, 0]);
    expect(Object.values(most?.values ?? {})).toEqual([3000, 250, 250, 200, 9000, 1e7]);
    expect(below?.values).toEqual(none);
    expect(above?.values).toEqual(none);
  });
});

describe("clock faults", () => {
  const DAY = 86_400_000;
  /** So many samples, a second apart. */
  const part = (count: number, from: number) =>
    arriving(...Array.from({ length: count }, (_, second) => ({ timestamp: from + second * 1000 })));
  const counts = (messages: Message[]) => {
    const { samples, skipped } = withoutClockFaults(mergedSamples(messages));
    return [samples.length, skipped];
  };
  const start = 1772352000000;

  test("a part with less than 1 % of the largest is one; with 1 % it is not", () => {
    expect(counts([...part(101, start), ...part(1, start + 9 * DAY)])).toEqual([101, 1]);
    expect(counts([...part(100, start), ...part(1, start + 9 * DAY)])).toEqual([101, 0]);
  });

  test("a gap of 24 h does not part, one longer does", () => {
    const end = start + 299_000;
    expect(counts([...part(300, start), ...part(1, end + DAY)])).toEqual([301, 0]);
    expect(counts([...part(300, start), ...part(1, end + DAY + 1)])).toEqual([300, 1]);
  });

  test("each part is judged by itself", () => {
    const messages = [...part(2, start - 30 * DAY), ...part(300, start), ...part(3, start + 30 * DAY)];
    expect(counts(messages)).toEqual([303, 2]);
  });
});

describe("pauses told by the server's clock", () => {
  const start = 1772352000000;

  test("the smallest delay of the ride's own timestamps is taken off", () => {
    // The phone is 60 s behind, and its quickest message took 40 ms.
    const messages = [70, 40, 600].map((delay, index) => ({
      message: { timestamp: start + index * 1000 },
      arrivedAt: start + index * 1000 + 60_000 + delay,
      id: index,
    }));
    const untimed = { message: { power: 1 }, arrivedAt: start, id: 9 };
    expect(
      pausesBySampleClock([{ from: start + 60_540, to: start + 61_040 }], [...messages, untimed]),
    ).toEqual([{ from: start + 500, to: start + 1000 }]);
  });

  test("a clock fault in 2036 does not count, and without timestamps nothing is taken off", () => {
    const ride = Array.from({ length: 101 }, (_, second) => ({
      message: { timestamp: start + second * 1000 },
      arrivedAt: start + second * 1000 + 250,
      id: second,
    }));
    const fault = { message: { timestamp: 2085978496000 }, arrivedAt: start + 5000, id: 500 };
    const pauses = [{ from: start + 20_000, to: start + 30_000 }];
    expect(pausesBySampleClock(pauses, [...ride, fault])).toEqual([
      { from: start + 19_750, to: start + 29_750 },
    ]);
    expect(pausesBySampleClock(pauses, [{ message: {}, arrivedAt: start + 7, id: 1 }])).toEqual(pauses);
  });
});
