import type { Context } from "./metrics.ts";
import type { HeartrateSettings } from "./power.ts";
import { type Random, randomOf } from "./random.ts";
import { arriving } from "./random-arrival.ts";
import { withFaults } from "./random-faults.ts";
import { type Draft, type Kinds, note, recordedRoad } from "./random-road.ts";
import type { Message } from "./samples.ts";
import type { Span } from "./timeline.ts";

export type RandomRide = {
  messages: Message[];
  context: Context;
  /** What is particular about it, to be told where two implementations disagree. */
  kinds: string[];
};

/** The ride of a seed, from none to some 8,000 samples; always the same. */
export function randomRide(seed: number): RandomRide {
  const random = randomOf(seed);
  const kinds: Kinds = new Set();
  const road = recordedRoad(random, kinds);
  const pauses = note(kinds, "explicit pauses", random.chance(0.2)) ? pausesWithin(random, road) : [];
  const recorded = note(kinds, "nothing sent while paused", pauses.length > 0 && random.chance(0.5))
    ? road.filter(({ at }) => !pauses.some(({ from, to }) => at >= from && at < to))
    : road;
  const messages = arriving(random, kinds, withFaults(random, kinds, recorded));
  const context: Context = {
    pauses,
    ftp: random.chance(0.7) ? random.integer(150, 350) : null,
    skippedMessages: random.chance(0.1) ? random.integer(1, 3) : 0,
  };
  if (random.chance(0.7)) context.settings = heartrateSettings(random);
  return { messages, context, kinds: [...kinds] };
}

/** By the phone's clock, on no sample's own time; some overlap, some go beyond the ride. */
function pausesWithin(random: Random, road: readonly Draft[]): Span[] {
  const [first, last] = [road.at(0)?.at ?? 0, road.at(-1)?.at ?? 0];
  return Array.from({ length: random.integer(1, 3) }, () => {
    const from = Math.round(random.between(first - 20_000, last));
    return { from, to: from + random.integer(300, random.pick([2000, 30_000, 600_000])) };
  });
}

function heartrateSettings(random: Random): HeartrateSettings {
  const settings = { maxHeartrate: 188, restingHeartrate: random.integer(45, 100), thresholdHeartrate: 168 };
  return random.chance(0.8) ? settings : { maxHeartrate: settings.maxHeartrate };
}
