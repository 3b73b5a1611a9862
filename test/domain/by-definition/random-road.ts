import type { Random } from "./random.ts";
import type { Field } from "./samples.ts";

/** A sample on its way: `at` by the phone's clock, `sentAt` by a right one; epoch ms. */
export type Draft = {
  at: number;
  sentAt: number;
  own: boolean;
  values: { [field in Field]?: number | null };
};

/** What a ride has of the things that may go wrong or differ, for whoever looks at one that disagrees. */
export type Kinds = Set<string>;

const HOUR = 3_600_000;

/** A ride without faults yet, as one device would record it. */
export function recordedRoad(random: Random, kinds: Kinds): Draft[] {
  const count = sampleCount(random);
  const startTime = Date.UTC(2026, random.integer(0, 11), random.integer(1, 28), random.integer(4, 20));
  const fields = recordedFields(random, kinds);
  const coasting = note(kinds, "all coasting", random.chance(0.03));
  const steps = recordedSteps(random, kinds, count);
  const rollers = note(kinds, "rollers", random.chance(0.2));
  const rollerHeight = random.between(0.8, 6);
  const rollerLength = random.between(20, 120);

  let at = startTime + random.integer(0, 999);
  let distance = random.chance(0.7) ? 0 : random.between(0, 50_000);
  let [power, speed, heartrate, cadence] = [random.between(100, 260), 28, random.between(90, 140), 85];
  let altitude = random.between(-20, 2000);
  let slope = 0;
  return steps.map(({ gap, moving }) => {
    at += gap;
    const seconds = gap / 1000;
    power = Math.max(0, power + random.between(-40, 40) + (190 - power) * 0.05);
    speed = Math.min(75, Math.max(0, speed + random.between(-2, 2) + (28 - speed) * 0.03));
    heartrate = Math.min(195, Math.max(60, heartrate + random.between(-2, 2)));
    cadence = random.chance(0.08) ? 0 : Math.round(random.between(75, 98));
    slope = Math.min(0.08, Math.max(-0.08, slope + random.between(-0.01, 0.01)));
    if (moving) {
      distance += (speed / 3.6) * seconds;
      altitude += Math.min(60, seconds) * (speed / 3.6) * slope;
    }
    const wave = rollers ? rollerHeight * Math.sin(((at / 1000) * 2 * Math.PI) / rollerLength) : 0;
    const all = {
      power: coasting || random.chance(0.06) ? 0 : Math.round(power),
      cadence: coasting ? 0 : cadence,
      heartrate: Math.round(heartrate),
      speed: random.chance(0.02) ? 0 : Math.round(speed * 100) / 100,
      distance: Math.round(distance * 10) / 10,
      altitude: Math.round((altitude + wave) * 5) / 5,
    };
    const values = Object.fromEntries(fields.map((field) => [field, all[field]]));
    return { at, sentAt: at, own: true, values };
  });
}

export function note(kinds: Kinds, kind: string, holds: boolean): boolean {
  if (holds) kinds.add(kind);
  return holds;
}

/** Most of them short. */
function sampleCount(random: Random): number {
  const share = random.real();
  if (share < 0.02) return 0;
  if (share < 0.05) return 1;
  if (share < 0.13) return random.integer(2, 30);
  if (share < 0.83) return random.integer(31, 1000);
  if (share < 0.94) return random.integer(1000, 1500);
  return share < 0.985 ? random.integer(1500, 3600) : random.integer(3600, 8000);
}

function recordedFields(random: Random, kinds: Kinds): Field[] {
  const all: Field[] = ["power", "cadence", "heartrate", "speed", "distance", "altitude"];
  const [name, fields] = random.pick<[string, Field[]]>([
    ["all fields", all],
    ["all fields", all],
    ["all fields", all],
    ["no odometer", all.filter((field) => field !== "distance")],
    ["no odometer", ["power", "heartrate"]],
    ["power alone", ["power"]],
    ["no power", ["heartrate", "speed", "distance", "altitude"]],
    ["no power", ["heartrate"]],
    ["no power", ["speed", "distance", "altitude"]],
    ["some fields", all.filter(() => random.chance(0.6))],
  ]);
  kinds.add(name);
  return fields;
}

type Step = { gap: number; moving: boolean };

/** ms from each sample to the next, the first 0, and whether the wheels turn meanwhile. */
function recordedSteps(random: Random, kinds: Kinds, count: number): Step[] {
  const usual = usualGap(random, kinds);
  const pauses = note(kinds, "paused by gaps", random.chance(0.4)) ? random.between(0.5, 6) / count : 0;
  const moving = note(kinds, "gaps while moving", random.chance(0.3)) ? random.between(0.5, 8) / count : 0;
  const dropouts = note(kinds, "dropouts", random.chance(0.3)) ? random.between(0.01, 0.08) : 0;
  const days =
    count < 700 && note(kinds, "parts a day apart", random.chance(0.03)) ? random.integer(1, 2) : 0;
  const nights = new Set(Array.from({ length: days }, () => random.integer(1, Math.max(1, count - 1))));
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return { gap: 0, moving: false };
    if (nights.has(index)) return { gap: random.integer(20, 34) * HOUR, moving: false };
    if (random.chance(pauses)) return { gap: random.integer(10_000, 900_000), moving: random.chance(0.1) };
    if (random.chance(moving)) return { gap: random.integer(9, 310) * 1000, moving: true };
    if (random.chance(dropouts)) return { gap: usual() + random.integer(1, 9) * 1000, moving: true };
    return { gap: usual(), moving: true };
  });
}

function usualGap(random: Random, kinds: Kinds): () => number {
  const every = random.integer(11, 15) * 1000;
  const [name, gap] = random.pick<[string, () => number]>([
    ["1 Hz", () => 1000],
    ["1 Hz", () => 1000],
    ["1 Hz", () => 1000],
    ["4 Hz", () => 250],
    ["smart recording", () => random.integer(5, 10) * 1000],
    ["smart recording", () => random.pick([1, 1, 2, 4, 7, 9]) * 1000],
    ["seldom", () => every],
    ["seldom", () => random.integer(12, 28) * 1000],
    ["jitter", () => random.integer(800, 1200)],
    ["jitter", () => random.pick([333, 334, 1000, 1001, 999])],
    ["parts of a millisecond", () => 1000 + random.integer(-8, 8) / 8],
  ]);
  kinds.add(name);
  return gap;
}
