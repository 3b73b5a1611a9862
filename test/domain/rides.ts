import { type CurveMetric, type MeanMaximalCurve, meanMaximalCurve } from "../../src/domain/mean-maximal.ts";
import type { Sample } from "../../src/domain/sample.ts";
import { summarize } from "../../src/domain/summary.ts";
import { type Pause, timelineOf } from "../../src/domain/timeline.ts";

/** A ride of one sample per element of `fields`, `interval` ms apart. */
export function ride(fields: readonly object[], interval = 1000, start = 1_700_000_000_000): Sample[] {
  return fields.map((values, index) => ({ timestamp: start + index * interval, ...values }));
}

/** So many equal readings. */
export function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

/** Samples at the given times (ms), one field each. */
export function samplesAt(timestamps: readonly number[], fields: object = {}): Sample[] {
  return timestamps.map((timestamp) => ({ timestamp, ...fields }));
}

/** The summary of merged samples without pauses or FTP. */
export function summaryOf(samples: readonly Sample[]) {
  return summarize(samples, { pauses: [], ftp: null, skippedMessages: 0 });
}

export function curveOf(
  samples: readonly Sample[],
  pauses: readonly Pause[],
  metric: CurveMetric,
): MeanMaximalCurve | null {
  return meanMaximalCurve(samples, timelineOf(samples, pauses).clock, metric);
}
