import { sum } from "./numbers.ts";
import type { Field, Sample } from "./samples.ts";
import type { Span, Timeline } from "./timeline.ts";

/** A value over a span of the clock (epoch ms), and where that begins on the recorded axis (ms). */
export type Piece = Span & { value: number; recordedFrom: number };

/** The mean of each whole second of an axis; null where nothing covers it. */
export type Series = (number | null)[];

const CARRIED_FOR = 10_000;

export function recordedLength({ covers }: Timeline): number {
  return sum(covers.flat().map(({ from, to }) => to - from));
}

/** What a field covers: each sample's own cover, and what is carried on where the next ones lack the field. */
export function piecesOf(samples: readonly Sample[], timeline: Timeline, field: Field): Piece[] {
  const pieces: Piece[] = [];
  let carried: { value: number; until: number } | null = null;
  let recordedFrom = 0;
  let pause = 0;
  for (const [index, { at, values }] of samples.entries()) {
    // The first pause that is not over when this sample is taken.
    while ((timeline.pauses[pause]?.to ?? Number.POSITIVE_INFINITY) <= at) pause += 1;
    const own = values[field];
    if (own === null) carried = null;
    if (own !== undefined && own !== null) {
      const until = Math.min(at + CARRIED_FOR, timeline.pauses[pause]?.from ?? Number.POSITIVE_INFINITY);
      carried = { value: own, until };
    }
    for (const { from, to } of timeline.covers[index] ?? []) {
      // A sample's own cover is never shortened.
      const end = own === undefined ? Math.min(to, carried?.until ?? from) : to;
      if (carried && end > from) pieces.push({ value: carried.value, from, to: end, recordedFrom });
      recordedFrom += to - from;
    }
  }
  return pieces;
}

export function recordedSeries(pieces: readonly Piece[], timeline: Timeline): Series {
  const onAxis = pieces.map(({ value, from, to, recordedFrom }) => ({
    value,
    from: recordedFrom,
    to: recordedFrom + (to - from),
  }));
  return seriesOf(onAxis, recordedLength(timeline));
}

/** Pauses are there, as zero. */
export function clockSeries(pieces: readonly Piece[], timeline: Timeline): Series {
  const onAxis = [...pieces, ...paused(timeline).map((span) => ({ ...span, value: 0 }))].map(
    ({ value, from, to }) => ({ value, from: from - timeline.start, to: to - timeline.start }),
  );
  return seriesOf(onAxis, timeline.end - timeline.start);
}

/** The time of the ride that no sample covers. */
function paused({ start, end, covers }: Timeline): Span[] {
  const spans: Span[] = [];
  let from = start;
  for (const cover of covers.flat()) {
    if (cover.from > from) spans.push({ from, to: cover.from });
    from = cover.to;
  }
  if (end > from) spans.push({ from, to: end });
  return spans;
}

function seriesOf(pieces: readonly (Span & { value: number })[], axisLength: number): Series {
  const seconds = Math.floor(axisLength / 1000);
  const totals = new Array<number>(seconds).fill(0);
  const weights = new Array<number>(seconds).fill(0);
  for (const { value, from, to } of pieces) {
    for (let second = Math.floor(from / 1000); second < seconds && second * 1000 < to; second += 1) {
      const weight = Math.min(to, (second + 1) * 1000) - Math.max(from, second * 1000);
      totals[second] = (totals[second] ?? 0) + value * weight;
      weights[second] = (weights[second] ?? 0) + weight;
    }
  }
  return totals.map((total, second) => {
    const weight = weights[second] ?? 0;
    return weight > 0 ? total / weight : null;
  });
}
