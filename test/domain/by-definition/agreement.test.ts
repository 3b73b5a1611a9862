import { describe, expect, test } from "bun:test";
import { recordingOf } from "../../../src/domain/recording.ts";
import { parseArrival, SampleMerger } from "../../../src/domain/sample.ts";
import { derive } from "../../../src/domain/summary.ts";
import { type Context, metricsByDefinition } from "./metrics.ts";
import { randomRide } from "./random-rides.ts";
import type { Message } from "./samples.ts";

/** What the service says rounded and the yardstick does not; half of the last digit and what a double loses. */
const NEARNESS = { variabilityIndex: 0.000501, efficiencyFactor: 0.000501, decoupling: 0.00501 };

describe("the service agrees with the yardstick on random rides with every fault", () => {
  // BPT_RANDOM_RIDES=1000 tries more than each run has time for.
  const rides = Number(Bun.env.BPT_RANDOM_RIDES ?? 200);
  const seeds = Array.from({ length: Math.ceil(rides / 25) }, (_, index) => index * 25);

  test.each(seeds)("rides from %d", async (first) => {
    for (let seed = first; seed < first + 25; seed += 1) {
      const { messages, context, kinds } = randomRide(seed);
      const expected = metricsByDefinition(messages, context);
      const { summary, ...curves } = await metricsOfService(messages, context);
      const about = { seed, kinds };

      for (const [name, nearness] of Object.entries(NEARNESS)) {
        const of = (values: object) => (values as Record<string, number | null>)[name] ?? null;
        const [ours, theirs] = [of(summary), of(expected.summary)];
        const agree =
          ours === null || theirs === null ? ours === theirs : Math.abs(ours - theirs) <= nearness;
        expect({ ...about, name, ours, theirs, agree }).toMatchObject({ agree: true });
      }
      const rounded = Object.keys(expected.summary).filter((name) => !(name in NEARNESS));
      expect({ ...about, ...pick(summary, rounded) }).toEqual({
        ...about,
        ...pick(expected.summary, rounded),
      });
      const { heartrateCurve, speedCurve } = expected;
      expect({ ...about, ...curves }).toEqual({ ...about, heartrateCurve, speedCurve });
    }
  });
});

async function metricsOfService(messages: readonly Message[], context: Context) {
  const merger = new SampleMerger();
  for (const { message, arrivedAt } of messages) {
    const arrival = parseArrival(JSON.stringify(message), arrivedAt);
    if (arrival) merger.add(arrival);
  }
  const { summary, curves } = await derive(recordingOf(merger.finish()), {
    pauses: [...(context.pauses ?? [])],
    ftp: context.ftp,
    heartrates: heartratesOf(context),
    skippedMessages: context.skippedMessages,
  });
  return {
    summary: { ...summary, powerCurve: summary.powerCurve ?? {} },
    heartrateCurve: curves.heartrate ?? {},
    speedCurve: curves.speed ?? {},
  };
}

function heartratesOf({ settings = {} }: Context) {
  const { maxHeartrate: max, restingHeartrate: resting, thresholdHeartrate: threshold } = settings;
  return max == null || resting == null || threshold == null ? null : { max, resting, threshold };
}

function pick(values: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}
