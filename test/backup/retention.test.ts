import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { expired } from "../../src/backup/retention.ts";

const DAY_MS = 86_400_000;

type Made = { madeAt: Date };

/** After all of them: none was dated by a clock that was ahead. */
const NOW = Date.UTC(2032, 0);

const made = (time: number): Made => ({ madeAt: new Date(time) });
const backups = fc
  .uniqueArray(fc.integer({ min: Date.UTC(2019, 0), max: Date.UTC(2031, 0) }), { maxLength: 300 })
  .map((times) => times.map(made));

function keptOf(all: Made[]): Made[] {
  const old = new Set(expired(all, NOW));
  return all.filter((backup) => !old.has(backup));
}

describe("whatever backups there are", () => {
  const holds = (check: (all: Made[], kept: Made[]) => void) =>
    fc.assert(fc.property(backups, (all) => check(all, keptOf(all))));

  test("the newest is kept", () =>
    holds((all, kept) => {
      const newest = all.toSorted((a, b) => b.madeAt.getTime() - a.madeAt.getTime()).slice(0, 1);
      expect(kept).toEqual(expect.arrayContaining(newest));
    }));

  test("at most 23 are kept, and all where there are at most seven", () =>
    holds((all, kept) => {
      expect(kept.length).toBeLessThanOrEqual(7 + 4 + 12);
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(new Set(all.map(dayOf)).size, 7));
    }));

  test("going over them again removes nothing more", () =>
    holds((_, kept) => expect(expired(kept, NOW)).toEqual([])));

  test("it does not matter in which order they come", () =>
    holds((all) => expect(new Set(expired(all.toReversed(), NOW))).toEqual(new Set(expired(all, NOW)))));

  test("what goes has a later one on the same day, or seven later days", () =>
    holds((all) => {
      for (const { madeAt } of expired(all, NOW)) {
        const later = new Set(all.filter((other) => other.madeAt > madeAt).map(dayOf));
        expect(later.has(dayOf({ madeAt })) || later.size >= 7).toBe(true);
      }
    }));
});

function dayOf({ madeAt }: Made): string {
  return madeAt.toISOString().slice(0, 10);
}

test("three years of nights leave seven days, four weeks and twelve months", () => {
  let kept: Made[] = [];
  const start = Date.UTC(2026, 0, 1, 2);
  const nights = 3 * 365;
  for (let night = 0; night < nights; night++) {
    const all = [...kept, made(start + night * DAY_MS)];
    kept = keptOf(all);
  }
  // The last night is that of Saturday, 30 December 2028.
  expect(kept.map(dayOf)).toEqual([
    "2028-01-31",
    "2028-02-29",
    "2028-03-31",
    "2028-04-30",
    "2028-05-31",
    "2028-06-30",
    "2028-07-31",
    "2028-08-31",
    "2028-09-30",
    "2028-10-31",
    "2028-11-30",
    "2028-12-10",
    "2028-12-17",
    "2028-12-24",
    "2028-12-25",
    "2028-12-26",
    "2028-12-27",
    "2028-12-28",
    "2028-12-29",
    "2028-12-30",
  ]);
});

test("of several on a day the last is kept", () => {
  const times = [9, 12, 15].map((hour) => made(Date.UTC(2026, 5, 1, hour)));
  expect(keptOf(times)).toEqual(times.slice(2));
});

test("backups dated in the future take no place of others, however many nights go by, and are not kept for ever", () => {
  const start = Date.UTC(2026, 0, 1, 2);
  let all = Array.from({ length: 400 }, (_, night) => made(start + (10_000 + night) * DAY_MS));
  let nights: Made[] = [];
  for (let night = 0; night < 400; night++) {
    const now = start + night * DAY_MS;
    all.push(made(now));
    nights.push(made(now));
    for (const old of expired(all, now)) all = all.filter((backup) => backup !== old);
    const gone = new Set(expired(nights, now));
    nights = nights.filter((backup) => !gone.has(backup));
  }
  const isReal = ({ madeAt }: Made) => madeAt.getTime() < start + 400 * DAY_MS;
  expect(all.filter(isReal)).toEqual(nights);
  expect(nights.length).toBeGreaterThanOrEqual(19);
  expect(all.length - nights.length).toBeLessThanOrEqual(23);
});
