import { median, pairs } from "./numbers.ts";
import { type Message, mergedSamples, type Sample, toMilliseconds, withoutClockFaults } from "./samples.ts";

/** From and to in epoch ms, the end not within. */
export type Span = { from: number; to: number };

/** What each sample covers, and the time between that is paused; all in ms. */
export type Timeline = {
  start: number;
  /** One interval after the last sample. */
  end: number;
  interval: number;
  /** For each sample; in several pieces where an explicit pause lies within. */
  covers: Span[][];
  /** In order. One without length still parts what is before from what is after. */
  pauses: Span[];
};

/** Times in the clock of the samples, from times of the server's clock. */
export function pausesBySampleClock(pauses: readonly Span[], messages: readonly Message[]): Span[] {
  const ride = new Set(
    withoutClockFaults(mergedSamples(messages)).samples.flatMap(({ at, own }) => (own ? [at] : [])),
  );
  let smallest = Number.POSITIVE_INFINITY;
  for (const { message, arrivedAt } of messages) {
    const own = toMilliseconds((message as { timestamp?: unknown }).timestamp);
    if (own !== null && ride.has(own)) smallest = Math.min(smallest, arrivedAt - own);
  }
  if (smallest === Number.POSITIVE_INFINITY) return [...pauses];
  return pauses.map(({ from, to }) => ({ from: from - smallest, to: to - smallest }));
}

/** @param samples one or more, in order. */
export function timelineOf(samples: readonly Sample[], explicitPauses: readonly Span[]): Timeline {
  const explicit = explicitPauses.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  const gaps = pairs(samples);
  const limit = pauseLimit(gaps.map(length));
  const interval = median(gaps.filter((gap) => !isPaused(gap, limit, explicit)).map(length)) ?? 1000;

  const covers: Span[][] = [];
  const pauses = [...explicit];
  for (const gap of gaps) {
    const [sample, next] = gap;
    const beforePause =
      isLongPause(gap, limit) || explicit.some(({ from }) => from >= sample.at && from < next.at);
    // What is left of such a gap belongs to the pause.
    const to = sample.at + (beforePause ? Math.min(interval, length(gap)) : length(gap));
    covers.push(without({ from: sample.at, to }, explicit));
    if (beforePause) pauses.push({ from: to, to: next.at });
  }
  const start = samples.at(0)?.at ?? 0;
  const last = samples.at(-1)?.at ?? 0;
  covers.push(without({ from: last, to: last + interval }, explicit));
  pauses.sort((a, b) => a.from - b.from);
  return { start, end: last + interval, interval, covers, pauses };
}

type Gap = [Sample, Sample];

const length = ([sample, next]: Gap) => next.at - sample.at;

/** 10 s, or three times the median gap if that is more, at most 60 s. */
function pauseLimit(gaps: readonly number[]): number {
  return Math.max(10_000, Math.min(60_000, 3 * (median(gaps) ?? 0)));
}

function isLongPause(gap: Gap, limit: number): boolean {
  if (length(gap) <= limit) return false;
  if (length(gap) > 300_000) return true;
  const [from, to] = [gap[0].values.distance ?? null, gap[1].values.distance ?? null];
  return from === null || to === null || (to - from) / (length(gap) / 1000) <= 0.5;
}

function isPaused(gap: Gap, limit: number, explicit: readonly Span[]): boolean {
  const [sample, next] = gap;
  return isLongPause(gap, limit) || explicit.some(({ from, to }) => from < next.at && to > sample.at);
}

/** What is left of a span; holes in order of their beginning. */
function without(span: Span, holes: readonly Span[]): Span[] {
  const left: Span[] = [];
  let from = span.from;
  for (const hole of holes) {
    if (hole.to <= from || hole.from >= span.to) continue;
    if (hole.from > from) left.push({ from, to: hole.from });
    from = Math.max(from, hole.to);
  }
  if (from < span.to) left.push({ from, to: span.to });
  return left;
}
