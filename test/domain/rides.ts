import { BOUNDS, type Field } from "../../src/domain/column.ts";
import type { CurveMetric, MeanMaximalCurve } from "../../src/domain/mean-maximal.ts";
import type { SecondSeries } from "../../src/domain/per-second.ts";
import { recordingOf } from "../../src/domain/recording.ts";
import { parseArrival, type Sample, SampleMerger } from "../../src/domain/sample.ts";
import type { Signal } from "../../src/domain/signal.ts";
import { derive, type RideContext, type Summary } from "../../src/domain/summary.ts";
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

/** What a message is as a sample; null where it is none. */
export function parseSample(message: string, arrivedAt: number): Sample | null {
  return parseArrival(message, arrivedAt)?.sample ?? null;
}

/** Samples that arrived in this order, each with a timestamp of its own. */
export function mergeSamples(samples: readonly Sample[]): Sample[] {
  const merger = new SampleMerger();
  for (const sample of samples) merger.add({ sample: { ...sample }, isDated: true, weight: 0 });
  return merger.finish();
}

/** A rider of no known heart rates, unless some are given. */
type Context = Omit<RideContext, "heartrates"> & Partial<RideContext>;

/** The summary of merged samples. */
export async function summarize(samples: readonly Sample[], context: Context): Promise<Summary> {
  return (await derive(recordingOf(samples), { heartrates: null, ...context })).summary;
}

/** The summary of merged samples without pauses or FTP. */
export function summaryOf(samples: readonly Sample[]): Promise<Summary> {
  return summarize(samples, { pauses: [], ftp: null, skippedMessages: 0 });
}

export async function curveOf(
  samples: readonly Sample[],
  pauses: readonly Pause[],
  metric: CurveMetric,
): Promise<MeanMaximalCurve | null> {
  const context = { pauses, ftp: null, heartrates: null, skippedMessages: 0 };
  return (await derive(recordingOf(samples), context)).curves[metric];
}

/** A field of every sample, within its bounds. */
export function columnOf(samples: readonly Sample[], field: Field): Promise<Float64Array> {
  return recordingOf(samples).column(field, BOUNDS[field]);
}

/** A field of samples at the given ms, without an odometer. */
export async function signalOf(
  timestamps: readonly number[],
  values: readonly number[],
  pauses: readonly Pause[] = [],
): Promise<Signal> {
  const odometer = new Float64Array(timestamps.length).fill(Number.NaN);
  const timeline = await timelineOf(Float64Array.from(timestamps), odometer, pauses);
  return { column: Float64Array.from(values), timeline };
}

/** A series of runs as [start, count, value] each. */
export function seriesOf(
  runs: readonly (readonly [start: number, count: number, value: number])[],
): SecondSeries {
  return {
    starts: Float64Array.from(runs, ([start]) => start),
    counts: Float64Array.from(runs, ([, count]) => count),
    values: Float64Array.from(runs, ([, , value]) => value),
  };
}

/** A series that has a value in each of its seconds, each a run of its own. */
export function everySecond(values: readonly number[]): SecondSeries {
  return seriesOf(values.map((value, second) => [second, 1, value]));
}

/** The seconds of a series that have a value, as [second, value] each. */
export function secondsOf({ starts, counts, values }: SecondSeries): [second: number, value: number][] {
  return [...values].flatMap((value, run) =>
    Array.from({ length: counts[run] ?? 0 }, (_, second): [number, number] => [
      (starts[run] ?? 0) + second,
      value,
    ]),
  );
}
