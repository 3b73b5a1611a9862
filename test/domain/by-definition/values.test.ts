import { describe, expect, test } from "bun:test";
import { odometerDistance } from "./distance.ts";
import { elevationGain, withoutDropouts } from "./elevation.ts";
import { sportGroup, trainingLoad } from "./load.ts";
import { type Context, metricsByDefinition } from "./metrics.ts";
import { median, rounded } from "./numbers.ts";
import { normalizedPower, secondsInZones, wBalance } from "./power.ts";

/** A value a second, none where it is null. */
function readings(values: (number | null)[]) {
  return values.flatMap((value, second) => (value === null ? [] : [{ at: second * 1000, value }]));
}

/** One sample a second. */
function summaryOf(seconds: number, values: (second: number) => object, context: Partial<Context> = {}) {
  const messages = Array.from({ length: seconds }, (_, second) => {
    const timestamp = 1772352000000 + second * 1000;
    return { message: { timestamp, ...values(second) }, arrivedAt: timestamp, id: second };
  });
  return metricsByDefinition(messages, { pauses: [], ftp: null, skippedMessages: 0, ...context }).summary;
}

const nothing = (seconds: number) => new Array<null>(seconds).fill(null);

test("medians and rounding", () => {
  expect([median([]), median([3]), median([4, 1]), median([9, 1, 2])]).toEqual([null, 3, 2.5, 2]);
  // 1.005 is a double below 1.005, but by less than the tolerance.
  expect([rounded(0.5), rounded(2.5), rounded(2.4999), rounded(1.005, 2), rounded(-0.5)]).toEqual([
    1, 3, 2, 1.01, 0,
  ]);
});

// 200 km/h is 55.6 m/s.
describe("distance", () => {
  test.each<[string, number, (number | null)[]]>([
    ["steps upwards", 30, [100, 110, 110, 130]],
    ["a step too fast is left out, and it goes on from there", 20, [100, 110, 5000, 5010]],
    ["200 km/h in 9 s", 500, [0, ...nothing(8), 500]],
    ["more than 200 km/h in 9 s", 0, [0, ...nothing(8), 501]],
    ["a reset counts from 0", 10 + 4 + 10, [100, 110, 4, 14]],
    ["a reset to what is too far for its time adds nothing", 10 + 10, [1000, 1010, 60, 70]],
    ["a fault is ignored", 30, [100, 110, 0, 5, 130]],
    ["a fault ends with a reading as high as before it", 20, [100, 110, 0, 110, 120]],
    ["a fault of 10 s", 10 + 90, [100, 110, 0, ...nothing(8), 200]],
    ["a fault of 11 s is a reset, and its end too fast", 10 + 0 + 1, [100, 110, 0, ...nothing(8), 1, 700]],
    ["a step that closes a fault too fast", 10, [100, 110, 0, 300]],
    ["a reading above, then back: what was above is kept and nothing added", 10, [100, 110, 9000, 120]],
    ["a last reading of 0", 20, [100, 110, 120, 0]],
  ])("%s", (_, metres, values) => {
    expect(odometerDistance(readings(values))).toBe(metres);
  });

  test("without two readings it is speed by time", () => {
    expect(summaryOf(100, () => ({ speed: 36 })).totalDistance).toBe(1000);
    expect(
      summaryOf(100, (second) => (second === 0 ? { speed: 36, distance: 5 } : { speed: 36 })).totalDistance,
    ).toBe(1000);
    expect(
      summaryOf(100, (second) => (second < 2 ? { speed: 36, distance: 5 } : { speed: 36 })).totalDistance,
    ).toBe(0);
    expect(summaryOf(100, () => ({ power: 5 })).totalDistance).toBeNull();
  });
});

describe("elevation gain", () => {
  test("dropouts are left out, and a step that stays is kept", () => {
    const kept = (values: (number | null)[]) => withoutDropouts(readings(values)).map(({ value }) => value);
    expect(kept([500, 0, 0, 501])).toEqual([500, 501]);
    expect(kept([500, 480, 520])).toEqual([500, 480, 480 + 40]);
    expect(kept([500, 479.9, 520])).toEqual([500, 520]);
    expect(kept([500, 0, ...nothing(8), 501])).toEqual([500, 501]);
    expect(kept([500, 0, ...nothing(9), 501])).toEqual([500, 0, 501]);
    expect(kept([500, 600, 601, 602])).toEqual([500, 600, 601, 602]);
    expect(kept([500, 0])).toEqual([500, 0]);
  });

  /** A value every 3 s is the mean of itself alone. */
  const apart = (values: number[]) => values.map((value, index) => ({ at: index * 3000, value }));

  test.each<[string, number, number[]]>([
    ["a rise of 2 m is none", 0, [100, 102, 100]],
    ["a rise of more is one", 2.1, [100, 102.1]],
    ["from the lowest to the highest", 6, [101, 100, 101.5, 99, 103, 101.5, 105, 104]],
    ["a fall of 2 m does not part a rise", 8, [100, 105, 103, 108]],
    ["a fall of more does", 10.1, [100, 105, 102.9, 108]],
    ["a fall at the end", 5, [100, 105, 90]],
    ["one reading", 0, [100]],
  ])("%s", (_, metres, values) => {
    expect(elevationGain(apart(values))).toBeCloseTo(metres, 9);
  });

  test("altitude is the mean of 2.5 s before and after", () => {
    // At 0, 1, 2, 3, 4, 5: 0 0 0 30 30 30 (30 is 30 m off, never back). Means of 3, 4, 5, 5, 4, 3 readings.
    expect(elevationGain(readings([0, 0, 0, 30, 30, 30]))).toBeCloseTo(30, 9); // 0, 7.5, 12, 18, 22.5, 30
    // 2.5 s is within, 2.501 is not: (0 + 10) / 2 both, or 0 and 10.
    expect(
      elevationGain([
        { at: 0, value: 0 },
        { at: 2500, value: 10 },
      ]),
    ).toBe(0);
    expect(
      elevationGain([
        { at: 0, value: 0 },
        { at: 2501, value: 10 },
      ]),
    ).toBe(10);
  });
});

describe("power", () => {
  test("normalized power is of full windows", () => {
    expect(normalizedPower(new Array(29).fill(200))).toBeNull();
    expect(normalizedPower([...new Array(29).fill(200), null, null, 200])).toBeCloseTo(200, 9);
    // Windows with means 10 and 0: (10⁴ / 2)^¼ = 8.409.
    expect(normalizedPower([300, ...new Array(30).fill(0)])).toBeCloseTo(8.409, 3);
  });

  test("an hour at 200 W with an FTP of 250 W", () => {
    const summary = summaryOf(3600, () => ({ power: 200, heartrate: 100, cadence: 80 }), { ftp: 250 });
    expect(summary).toMatchObject({
      intensityFactor: 0.8,
      trainingStress: 64, // 3600 · 200 · 0.8 / (250 · 3600) · 100
      stressSource: "power",
      variabilityIndex: 1,
      efficiencyFactor: 2,
      decoupling: 0,
      totalEnergy: 720,
      powerZones: [0, 0, 3600, 0, 0, 0, 0], // 80 %
    });
  });

  test("all coasting is intensity 0, and no cadence", () => {
    const summary = summaryOf(60, () => ({ power: 0, cadence: 0 }), { ftp: 250 });
    expect(summary).toMatchObject({ normalizedPower: 0, intensityFactor: 0, trainingStress: 0, avgPower: 0 });
    expect(summary).toMatchObject({ stressSource: "power", avgCadence: null, maxCadence: 0, movingTime: 0 });
    expect(summary.variabilityIndex).toBeNull();
  });

  test("zones have their lower bound within", () => {
    // FTP 200: 0, 110, 150, 180, 210, 240, 300 W.
    const watts = [0, 109, 110, 149.9, 150, 180, 209, 210, 240, 299, 300, 900];
    expect(secondsInZones([...watts, null], 200)).toEqual([2, 2, 1, 2, 1, 2, 2]);
  });

  test("decoupling is of halves by time, and unknown under 20 min", () => {
    // 200 W and 180 W at 100 bpm: (2 − 1.8) / 2.
    const ride = (seconds: number) =>
      summaryOf(seconds, (second) => ({ power: second < 600 ? 200 : 180, heartrate: 100 })).decoupling;
    expect(ride(1199)).toBeNull();
    expect(ride(1200)).toBeCloseTo(10, 9);
  });

  test("curves go on by half hours up to the length of the ride", () => {
    const curve = summaryOf(9000, () => ({ power: 200 })).powerCurve;
    expect(Object.keys(curve).slice(-5)).toEqual(["1800", "3600", "5400", "7200", "9000"]);
    expect(Object.keys(curve)).toHaveLength(21);
  });

  test("W′ is spent by the joule and comes back ever slower", () => {
    // 20,000 J; 100 W above for 100 s leave 10,000; 50 W below for 400 s give back 10,000 · (1 − e⁻¹).
    const left = wBalance(
      [
        { power: 350, seconds: 100 },
        { power: 200, seconds: 400 },
        { power: 250, seconds: 60 },
      ],
      { criticalPower: 250, wPrime: 20_000 },
    );
    expect(left.map(Math.round)).toEqual([10_000, 16_321, 16_321]);
  });
});

describe("stress by heart rate", () => {
  const settings = { maxHeartrate: 190, restingHeartrate: 50, thresholdHeartrate: 170 };
  const hourAt = (heartrate: number, context: Partial<Context> = { settings }, power = {}) => {
    const summary = summaryOf(3600, () => ({ heartrate, ...power }), context);
    return [summary.trainingStress, summary.stressSource];
  };

  test("an hour at the threshold is 100; rest is none; above the maximum is as at the maximum", () => {
    expect(hourAt(170)).toEqual([100, "heartrate"]);
    expect(hourAt(40)).toEqual([0, "heartrate"]);
    // 100 · e^1.92 / (6/7 · e^(1.92 · 6/7)) = 100 · 7/6 · e^(1.92 / 7) = 153.5
    expect(hourAt(190)).toEqual([153.5, "heartrate"]);
    expect(hourAt(240)).toEqual([153.5, "heartrate"]);
  });

  test("is not there with any power, or without the settings", () => {
    expect(hourAt(170, { settings }, { power: 0 })).toEqual([null, null]);
    expect(hourAt(170, { settings: { maxHeartrate: 190, restingHeartrate: 50 } })).toEqual([null, null]);
    expect(hourAt(170, {})).toEqual([null, null]);
  });
});

test("sports", () => {
  expect([null, undefined, "", "Gravel Biking", "VirtualRide", "e-bike", "CYCLING"].map(sportGroup)).toEqual(
    new Array(7).fill("cycling"),
  );
  expect(["Running", "running", "Rowing"].map(sportGroup)).toEqual(["running", "running", "rowing"]);
});

test("training load", () => {
  const days = trainingLoad([100, 0]);
  // 100 · (1 − e^(−1/42)) = 2.3528, 100 · (1 − e^(−1/7)) = 13.3122; then times e^(−1/42) and e^(−1/7).
  expect(days[0]).toMatchObject({ stress: 100, form: 0 });
  expect(days[0]?.fitness).toBeCloseTo(2.3528, 4);
  expect(days[0]?.fatigue).toBeCloseTo(13.3122, 4);
  expect(days[1]?.fitness).toBeCloseTo(2.2975, 4);
  expect(days[1]?.fatigue).toBeCloseTo(11.5401, 4);
  expect(days[1]?.form).toBeCloseTo(2.3528 - 13.3122, 4);
});
