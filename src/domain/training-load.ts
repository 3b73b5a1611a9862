import { formatDay } from "./calendar.ts";
import { round } from "./rounding.ts";

/** A day's stress (TSS), and fitness, fatigue and form, with two decimals. */
export type TrainingDay = { date: string; stress: number; fitness: number; fatigue: number; form: number };

/** Share of yesterday's value that is left today: time constants of 42 and 7 days. */
const FITNESS_DECAY = Math.exp(-1 / 42);
const FATIGUE_DECAY = Math.exp(-1 / 7);

/**
 * Training load of every day from `from` to `to`, both included, given the stress of all days that have some.
 * Days as calendar.ts counts them. Source: Banister's impulse and response, as Coggan's performance manager has it.
 */
export function trainingLoad(
  stressByDay: ReadonlyMap<number, number>,
  from: number,
  to: number,
): TrainingDay[] {
  let fitness = loadBefore(stressByDay, from, FITNESS_DECAY);
  let fatigue = loadBefore(stressByDay, from, FATIGUE_DECAY);
  const days: TrainingDay[] = [];
  for (let day = from; day <= to; day++) {
    const form = fitness - fatigue;
    const stress = stressByDay.get(day) ?? 0;
    fitness = stress * (1 - FITNESS_DECAY) + FITNESS_DECAY * fitness;
    fatigue = stress * (1 - FATIGUE_DECAY) + FATIGUE_DECAY * fatigue;
    days.push({
      date: formatDay(day),
      stress: round(stress, 1),
      fitness: round(fitness, 2),
      fatigue: round(fatigue, 2),
      form: round(form, 2),
    });
  }
  return days;
}

/** The mean as it stood on the evening before a day: each earlier day's share of it, faded by the days since. */
function loadBefore(stressByDay: ReadonlyMap<number, number>, day: number, decay: number): number {
  return [...stressByDay]
    .filter(([earlier]) => earlier < day)
    .reduce((load, [earlier, stress]) => load + stress * (1 - decay) * decay ** (day - 1 - earlier), 0);
}
