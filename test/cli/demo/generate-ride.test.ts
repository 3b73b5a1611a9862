import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { generateRide, type RideSample } from "../../../src/cli/demo/generate-ride.ts";
import { numbersFrom } from "./random.ts";

const START = Date.UTC(2026, 5, 1, 8);

function rideOf(seconds: number, seed: number): RideSample[] {
  return generateRide({ seconds, startTime: START, random: numbersFrom(seed) }).toArray();
}

describe("a generated ride", () => {
  test("stays within what a rider and a bicycle do, for any length and seed", () => {
    const lengths = fc.integer({ min: 60, max: 4 * 3600 });
    fc.assert(
      fc.property(lengths, fc.integer(), (seconds, seed) => {
        const ride = rideOf(seconds, seed);
        expect(ride).toHaveLength(seconds);
        for (const [index, sample] of ride.entries()) {
          expect(sample.timestamp).toBe(START + index * 1000);
          expect(implausible(sample)).toEqual([]);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("is the same for the same seed, and another for another", () => {
    expect(rideOf(600, 7)).toEqual(rideOf(600, 7));
    expect(rideOf(600, 7)).not.toEqual(rideOf(600, 8));
  });

  test("covers the distance of its speed and climbs by its incline", () => {
    let [ridden, climbed, before] = [0, 0, 0];
    for (const { speed, incline, distance, altitude } of rideOf(1800, 1)) {
      ridden += speed / 3.6;
      climbed += ((speed / 3.6) * incline) / 100;
      expect(distance).toBeGreaterThanOrEqual(before);
      expect(Math.abs(distance - ridden)).toBeLessThan(5);
      expect(Math.abs(altitude - 240 - climbed)).toBeLessThan(2);
      before = distance;
    }
    expect(ridden).toBeGreaterThan(10_000);
    expect(ridden).toBeLessThan(20_000);
  });

  test("warms up, goes hard in between, and cools down", () => {
    const ride = rideOf(1800, 2);
    expect(meanPower(ride.slice(0, 300))).toBeLessThan(180);
    expect(meanPower(ride.slice(400, 550))).toBeGreaterThan(220);
    expect(meanPower(ride.slice(-240))).toBeLessThan(150);
  });

  test("has a heart that follows the power half a minute later", () => {
    const ride = rideOf(3600, 3);
    const likeness = Array.from({ length: 120 }, (_, lag) => correlation(ride, lag));
    const lag = likeness.indexOf(Math.max(...likeness));
    expect(lag).toBeGreaterThanOrEqual(15);
    expect(lag).toBeLessThanOrEqual(60);
  });

  test("has a rider who stops pedalling down the hill", () => {
    const coasting = rideOf(3600, 4).filter(({ power }) => power === 0);
    expect(coasting.length).toBeGreaterThan(10);
    expect(coasting.every(({ cadence, incline }) => cadence === 0 && incline < -1.9)).toBe(true);
  });
});

/** The names of the fields that cannot be. */
function implausible({
  power,
  cadence,
  heartrate,
  speed,
  altitude,
  incline,
  temperature,
}: RideSample): string[] {
  const plausible = {
    power: power >= 0 && power <= 600,
    cadence: power === 0 ? cadence === 0 : cadence >= 60 && cadence <= 110,
    heartrate: heartrate >= 60 && heartrate <= 190,
    speed: speed >= 0 && speed <= 75,
    altitude: altitude > 150 && altitude < 350,
    incline: Math.abs(incline) <= 4,
    temperature: temperature > 10 && temperature < 30,
  };
  return Object.entries(plausible).flatMap(([field, fine]) => (fine ? [] : [field]));
}

function meanPower(ride: readonly RideSample[]): number {
  return mean(ride.map(({ power }) => power));
}

/** Pearson's, of power and the heart rate so many seconds later. */
function correlation(ride: readonly RideSample[], lag: number): number {
  const power = ride.slice(0, ride.length - lag).map((sample) => sample.power);
  const heartrate = ride.slice(lag).map((sample) => sample.heartrate);
  const [powerMean, heartMean] = [mean(power), mean(heartrate)];
  let [both, powers, hearts] = [0, 0, 0];
  for (const [index, watts] of power.entries()) {
    const [a, b] = [watts - powerMean, (heartrate[index] ?? 0) - heartMean];
    both += a * b;
    powers += a * a;
    hearts += b * b;
  }
  return both / Math.sqrt(powers * hearts);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
