import { at } from "./column.ts";
import type { Recording } from "./recording.ts";

/** Samples farther apart than this, in ms, belong to different parts of a ride. */
const PART_GAP_MS = 24 * 3_600_000;

/** A part with less than this share of the samples of the largest one was recorded by a clock that was wrong. */
const LEAST_SHARE = 0.01;

/** Samples from `from` up to `to`, which is not included. */
export type Part = { from: number; to: number };

/** The parts that belong to the ride, in order; of none there are none. `timestamps` ascending, in epoch ms. */
export function partsOfRide(timestamps: Float64Array): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let index = 1; index <= timestamps.length; index++) {
    if (at(timestamps, index) - at(timestamps, index - 1) <= PART_GAP_MS) continue;
    parts.push({ from, to: index });
    from = index;
  }
  const largest = parts.reduce((most, part) => Math.max(most, sizeOf(part)), 0);
  return parts.filter((part) => sizeOf(part) >= largest * LEAST_SHARE);
}

/** From one time to another, in epoch ms. */
export type Stretch = { from: number; to: number };

/** When the first and the last sample that belong to a ride were recorded, in epoch ms; null of a ride without any. */
export async function spanOfRide(recording: Recording): Promise<Stretch | null> {
  const timestamps = await recording.timestamps();
  const parts = partsOfRide(timestamps);
  const [first, last] = [parts[0], parts.at(-1)];
  return first && last ? { from: at(timestamps, first.from), to: at(timestamps, last.to - 1) } : null;
}

function sizeOf({ from, to }: Part): number {
  return to - from;
}

/** What a column has of the parts; the column itself where that is all of it. */
export function keepParts(column: Float64Array, parts: readonly Part[]): Float64Array {
  const [only] = parts;
  if (parts.length === 1 && only && sizeOf(only) === column.length) return column;
  const kept = new Float64Array(parts.reduce((sum, part) => sum + sizeOf(part), 0));
  let length = 0;
  for (const part of parts) {
    kept.set(column.subarray(part.from, part.to), length);
    length += sizeOf(part);
  }
  return kept;
}
