import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseDay } from "../../src/domain/calendar.ts";
import { trainingLoad } from "../../src/domain/training-load.ts";

const FIRST = parseDay("2026-01-01");

/** The stress of some days around FIRST, one decimal as summaries have it. */
const stressByDay = fc
  .array(fc.tuple(fc.integer({ min: -100, max: 60 }), fc.nat({ max: 5000 })), { maxLength: 40 })
  .map((entries) => new Map(entries.map(([day, stress]) => [FIRST + day, stress / 10])));

test("a hundred once, and what is left of it", () => {
  const stress = new Map([[FIRST, 100]]);
  expect(trainingLoad(stress, FIRST - 1, FIRST + 1)).toEqual([
    { date: "2025-12-31", stress: 0, fitness: 0, fatigue: 0, form: 0 },
    // 1 − e^(−1/42) = 0.0235283, 1 − e^(−1/7) = 0.1331221; form is of the evening before.
    { date: "2026-01-01", stress: 100, fitness: 2.35, fatigue: 13.31, form: 0 },
    { date: "2026-01-02", stress: 0, fitness: 2.3, fatigue: 11.54, form: -10.96 },
  ]);
  // Time constants: after 42 days 1/e of 2.35283 is left, 0.86556; after 7 days 1/e of 13.31221, 4.89729.
  expect(trainingLoad(stress, FIRST + 42, FIRST + 42)).toMatchObject([{ fitness: 0.87 }]);
  expect(trainingLoad(stress, FIRST + 7, FIRST + 7)).toMatchObject([{ fatigue: 4.9 }]);
});

test("the same every day for years is fitness and fatigue alike, and a form of zero", () => {
  const everyDay = new Map(Array.from({ length: 2000 }, (_, day) => [FIRST + day, 80]));
  const [last] = trainingLoad(everyDay, FIRST + 1999, FIRST + 1999);
  expect(last).toEqual({ date: "2031-06-23", stress: 80, fitness: 80, fatigue: 80, form: 0 });
});

test("no days are no days, and stress is with one decimal", () => {
  expect(trainingLoad(new Map([[FIRST, 50]]), FIRST, FIRST - 1)).toEqual([]);
  // 0.1 + 0.2 is a little more than 0.3 in binary.
  expect(trainingLoad(new Map([[FIRST, 0.1 + 0.2]]), FIRST, FIRST)).toMatchObject([{ stress: 0.3 }]);
});

test("a span split anywhere has the same days as the whole", () => {
  fc.assert(
    fc.property(
      stressByDay,
      fc.nat({ max: 60 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 4 }),
      (stress, length, splits) => {
        const whole = trainingLoad(stress, FIRST, FIRST + length);
        const borders = [...splits.filter((split) => split <= length).sort((a, b) => a - b), length + 1];
        const parts = borders.flatMap((border, index) =>
          trainingLoad(stress, FIRST + (borders[index - 1] ?? 0), FIRST + border - 1),
        );
        expect(parts).toEqual(whole);
      },
    ),
  );
});

test("every day is one step from the day before, whatever came before it all", () => {
  // Each figure is rounded to two decimals, and the step takes up to two of them.
  const tolerance = 0.011;
  fc.assert(
    fc.property(stressByDay, (stress) => {
      const days = trainingLoad(stress, FIRST - 10, FIRST + 60);
      expect(days).toHaveLength(71);
      for (const [index, day] of days.entries()) {
        expect(day.stress).toBe(stress.get(FIRST - 10 + index) ?? 0);
        const before = days[index - 1];
        if (!before) continue;
        const fitness = before.fitness + (day.stress - before.fitness) * (1 - Math.exp(-1 / 42));
        const fatigue = before.fatigue + (day.stress - before.fatigue) * (1 - Math.exp(-1 / 7));
        expect(Math.abs(day.fitness - fitness)).toBeLessThan(tolerance);
        expect(Math.abs(day.fatigue - fatigue)).toBeLessThan(tolerance);
        expect(Math.abs(day.form - (before.fitness - before.fatigue))).toBeLessThan(0.016);
      }
    }),
  );
});

test("what comes after a span changes nothing in it", () => {
  fc.assert(
    fc.property(stressByDay, fc.nat({ max: 60 }), (stress, length) => {
      const known = new Map([...stress].filter(([day]) => day <= FIRST + length));
      expect(trainingLoad(known, FIRST, FIRST + length)).toEqual(trainingLoad(stress, FIRST, FIRST + length));
    }),
  );
});
