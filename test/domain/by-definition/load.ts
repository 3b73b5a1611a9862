/** The group of a sport; of a workout without one, cycling. */
export function sportGroup(sport: string | null | undefined): string {
  const name = (sport ?? "").toLowerCase();
  if (name === "") return "cycling";
  return ["cycling", "biking", "bike", "ride"].some((part) => name.includes(part)) ? "cycling" : name;
}

export type Load = { stress: number; fitness: number; fatigue: number; form: number };

/** @param stress of each day, from the first, none left out. */
export function trainingLoad(stress: readonly number[]): Load[] {
  let fitness = 0;
  let fatigue = 0;
  return stress.map((today) => {
    const form = fitness - fatigue;
    fitness = afterDay(fitness, today, 42);
    fatigue = afterDay(fatigue, today, 7);
    return { stress: today, fitness, fatigue, form };
  });
}

function afterDay(yesterday: number, stress: number, days: number): number {
  const decay = Math.exp(-1 / days);
  return stress * (1 - decay) + decay * yesterday;
}
