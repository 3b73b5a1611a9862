import type { Random } from "./random.ts";
import { type Draft, type Kinds, note } from "./random-road.ts";
import type { Field } from "./samples.ts";

const OUT_OF_BOUNDS: [Field, [number, ...number[]]][] = [
  ["power", [3001, 65_535, -1]],
  ["cadence", [251, 255, -3]],
  ["heartrate", [0, 19, 251]],
  ["speed", [201, 236.02, -0.5]],
  ["altitude", [12_606.8, -501]],
  ["distance", [-1, 42_949_672.95]],
];

/** What sensors do to a ride: a copy, in the order of the clock. */
export function withFaults(random: Random, kinds: Kinds, road: readonly Draft[]): Draft[] {
  let drafts: Draft[] = road.map((draft) => ({ ...draft, values: { ...draft.values } }));
  if (drafts.length === 0) return drafts;
  if (note(kinds, "odometer faults", random.chance(0.25))) spoilOdometer(random, drafts);
  if (note(kinds, "altitude dropouts", random.chance(0.2))) spoilAltitude(random, drafts);
  if (note(kinds, "out of bounds", random.chance(0.2))) exceedBounds(random, drafts);
  if (note(kinds, "two devices", random.chance(0.12))) drafts = takingTurns(random, drafts);
  if (note(kinds, "absent fields", random.chance(0.3))) {
    loseFields(random, drafts, (values, field) => delete values[field]);
  }
  if (note(kinds, "nulls", random.chance(0.3))) {
    loseFields(random, drafts, (values, field) => {
      values[field] = null;
    });
  }
  if (note(kinds, "only what changes", random.chance(0.05))) onlyChanges(drafts);
  if (note(kinds, "clock faults", drafts.length > 110 && random.chance(0.15))) {
    drafts = withClockFaults(random, drafts);
  }
  return drafts;
}

/** A stretch of samples, from 1 to the length that is asked for. */
function stretch(random: Random, drafts: readonly Draft[], longest: number): Draft[] {
  const from = random.integer(0, drafts.length - 1);
  return drafts.slice(from, from + random.integer(1, longest));
}

function spoilOdometer(random: Random, drafts: Draft[]): void {
  const change = (these: readonly Draft[], to: (metres: number) => number) => {
    for (const { values } of these) {
      if (typeof values.distance === "number") values.distance = Math.round(to(values.distance) * 10) / 10;
    }
  };
  for (let times = random.integer(1, 4); times > 0; times -= 1) {
    const rest = drafts.slice(random.integer(0, drafts.length - 1));
    const before = rest[0]?.values.distance ?? 0;
    const kind = random.pick(["reset", "fault", "spike", "back", "ahead", "last"]);
    if (kind === "reset") change(rest, (metres) => Math.max(0, metres - before));
    if (kind === "fault") change(stretch(random, drafts, 13), () => random.pick([0, 0, 120, before * 0.9]));
    if (kind === "spike") change(stretch(random, drafts, 3), (metres) => metres + random.between(30, 9000));
    if (kind === "back") change(rest, (metres) => metres - random.between(1, 400));
    if (kind === "ahead") change(rest, (metres) => metres + random.between(40, 4000));
    if (kind === "last") change(drafts.slice(-1), () => 0);
  }
}

function spoilAltitude(random: Random, drafts: Draft[]): void {
  for (let times = random.integer(1, 5); times > 0; times -= 1) {
    const to = random.pick([0, 0, -400, 3000]);
    const step = random.pick([-60, -21, -20, 20, 21, 35, 100]);
    const ends = random.pick(["away", "off", "for good"]);
    const these =
      ends === "for good"
        ? drafts.slice(random.integer(0, drafts.length - 1))
        : stretch(random, drafts, random.pick([1, 4, 9, 12, 40]));
    for (const { values } of these) {
      if (typeof values.altitude === "number")
        values.altitude = ends === "away" ? to : values.altitude + step;
    }
  }
}

function exceedBounds(random: Random, drafts: Draft[]): void {
  for (let times = random.integer(1, 8); times > 0; times -= 1) {
    const [field, values] = random.pick(OUT_OF_BOUNDS as [[Field, [number, ...number[]]]]);
    const value = random.pick(values);
    for (const draft of stretch(random, drafts, 3)) {
      if (field in draft.values) draft.values[field] = value;
    }
  }
}

function takingTurns(random: Random, drafts: readonly Draft[]): Draft[] {
  const later = random.pick([500, 500, random.integer(1, 249)]);
  const second = random.pick<Field[]>([["heartrate"], ["heartrate", "altitude"], ["speed", "distance"]]);
  return drafts
    .flatMap(({ values, ...draft }) => {
      const of = (isOf: (field: Field) => boolean) =>
        Object.fromEntries(Object.entries(values).filter(([field]) => isOf(field as Field)));
      return [
        { ...draft, values: of((field) => !second.includes(field)) },
        {
          ...draft,
          at: draft.at + later,
          sentAt: draft.sentAt + later,
          values: of((field) => second.includes(field)),
        },
      ];
    })
    .sort((a, b) => a.at - b.at);
}

function loseFields(random: Random, drafts: Draft[], lose: (values: Draft["values"], field: Field) => void) {
  const often = random.integer(1, Math.max(1, Math.min(30, drafts.length / 20)));
  for (let times = often; times > 0; times -= 1) {
    const field = random.pick<Field>(["power", "cadence", "heartrate", "speed", "distance", "altitude"]);
    for (const { values } of stretch(random, drafts, random.pick([1, 4, 10, 40]))) {
      if (field in values) lose(values, field);
    }
  }
}

/** As devices do that tell a value again only when it is another. */
function onlyChanges(drafts: Draft[]): void {
  let before: Draft["values"] = {};
  for (const draft of drafts) {
    const { values } = draft;
    draft.values = Object.fromEntries(
      Object.entries(values).filter(([field, value]) => value !== before[field as Field]),
    );
    before = { ...before, ...values };
  }
}

/** Less than 1 % of the ride in 1970, 2036 or a week off, sent in the middle of it. */
function withClockFaults(random: Random, drafts: readonly Draft[]): Draft[] {
  const largestPart =
    drafts.length - drafts.filter(({ at }) => at - (drafts[0]?.at ?? 0) > 20 * 3_600_000).length;
  const most = Math.floor(largestPart / 101);
  const wrong = random.pick([0, 2_085_978_496_000, (drafts[0]?.at ?? 0) - 7 * 86_400_000]);
  const faults = Array.from({ length: Math.min(most, random.integer(1, 5)) }, (_, index): Draft => {
    const { sentAt, values } = random.pick(drafts as [Draft]);
    return { at: wrong + index * 1000, sentAt: sentAt + 1, own: true, values: { ...values } };
  });
  return [...drafts, ...faults].sort((a, b) => a.at - b.at);
}
