import { setImmediate } from "node:timers/promises";
import { type MeanMaximalCurves, meanMaximalCurve } from "../../domain/mean-maximal.ts";
import type { Sample } from "../../domain/sample.ts";
import { DEFINITIONS_VERSION, type RideContext, type Summary, summarize } from "../../domain/summary.ts";
import { timelineOf } from "../../domain/timeline.ts";

/** All that is worked out from a ride's samples and kept. */
export type Derivation = { summary: Summary; curves: MeanMaximalCurves };

/** Each step is some milliseconds of work: other requests go in between. */
export async function derive(samples: readonly Sample[], context: RideContext): Promise<Derivation> {
  const summary = summarize(samples, context);
  await setImmediate();
  const { clock } = timelineOf(samples, context.pauses);
  const heartrate = meanMaximalCurve(samples, clock, "heartrate");
  await setImmediate();
  const speed = meanMaximalCurve(samples, clock, "speed");
  return { summary, curves: { power: summary.powerCurve, heartrate, speed } };
}

/** The columns of a workout that hold a summary just made. */
export function summaryColumns(summary: Summary) {
  return {
    summary,
    trainingStress: summary.trainingStress,
    definitionsVersion: DEFINITIONS_VERSION,
    isStale: false,
  };
}
