import { setImmediate } from "node:timers/promises";
import { PIECE, portionsOf } from "./portions.ts";
import type { Sample } from "./sample.ts";

/** Lowest and highest value that counts, both included. */
export type Bounds = readonly [lowest: number, highest: number];

/** In a column: the sample does not have the field at all. No value within bounds is this one. */
export const ABSENT = Number.NEGATIVE_INFINITY;

/** A ride's samples, merged and in order, by fields. Of a long ride not all are in memory at once. */
export interface Recording {
  readonly length: number;
  /** Epoch ms, ascending; equal ones where samples bear the time of their arrival. */
  timestamps(): Promise<Float64Array>;
  /** A field of every sample: ABSENT where a sample lacks it, NaN where it has none that is a number within bounds. */
  column(field: string, bounds: Bounds): Promise<Float64Array>;
}

/** The same, also as samples. */
export interface SampleRecording extends Recording {
  /** A PIECE at a time, with turns for others in between; each call begins anew. */
  samples(): AsyncIterable<readonly Sample[]>;
}

/** A ride whose samples are in memory. */
export function recordingOf(samples: readonly Sample[]): SampleRecording {
  return {
    length: samples.length,
    async *samples() {
      for (const piece of portionsOf(samples, PIECE)) {
        yield piece;
        await setImmediate();
      }
    },
    timestamps: async () => Float64Array.from(samples, ({ timestamp }) => timestamp),
    async column(field, bounds) {
      const column = new Float64Array(samples.length);
      for (let index = 0; index < samples.length; index++) {
        const sample = samples[index];
        const isThere = sample !== undefined && Object.hasOwn(sample, field);
        column[index] = isThere ? withinBounds(sample[field], bounds) : ABSENT;
      }
      return column;
    },
  };
}

/** NaN for what is no number, or one out of bounds: a device that states that has measured nothing. */
export function withinBounds(value: unknown, [lowest, highest]: Bounds): number {
  return typeof value === "number" && value >= lowest && value <= highest ? value : Number.NaN;
}
