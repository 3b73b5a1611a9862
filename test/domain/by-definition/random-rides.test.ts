import { describe, expect, test } from "bun:test";
import { metricsByDefinition } from "./metrics.ts";
import { randomRide } from "./random-rides.ts";

describe("random rides", () => {
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

  test("are the same again by their seed, and have every kind of fault", () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 200; seed += 1) for (const kind of randomRide(seed).kinds) kinds.add(kind);
    for (const seed of seeds.slice(0, 5)) expect(randomRide(seed)).toEqual(randomRide(seed));
    expect(kinds.size).toBe(40);
  });

  test.each(seeds)("ride %d: what must hold of any", (seed) => {
    const { messages, context } = randomRide(seed);
    const metrics = metricsByDefinition(messages, context);
    const { summary } = metrics;

    expect(summary.sampleCount + summary.skippedSamples).toBeLessThanOrEqual(messages.length);
    expect(summary.recordedTime).toBeLessThanOrEqual(summary.elapsedTime);
    expect(summary.poweredTime).toBeLessThanOrEqual(summary.recordedTime);
    expect(summary.movingTime).toBeLessThanOrEqual(summary.recordedTime);
    expect(summary.avgPower ?? 0).toBeLessThanOrEqual(summary.maxPower ?? 0);
    const inZones = (summary.powerZones ?? []).reduce((total, seconds) => total + seconds, 0);
    expect(inZones).toBeLessThanOrEqual(summary.recordedTime);
    for (const value of Object.values(summary)) {
      if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
    }

    // Neither the order of the list nor a message with the same once more changes anything.
    const again = messages
      .filter(({ message }) => "timestamp" in message)
      .map((message) => ({ ...message, id: message.id + 0.5 }));
    expect(metricsByDefinition([...again, ...messages].reverse(), context)).toEqual(metrics);
  });
});
