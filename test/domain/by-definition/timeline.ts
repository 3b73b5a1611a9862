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
  /** For each sample: one span, or none where it was taken within an explicit pause. */
  covers: Span[][];
  /** What lies between a cover and the next sample, in order. One without length still parts what is before from after. */
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

/**
 * Where the page leaves it open, an explicit pause is read as one by gap is: the sample before it covers one interval, be
 * it into the pause, and one within it covers nothing. Which gaps are pauses is told by the gaps alone.
 * @param samples one or more, in order.
 */
export function timelineOf(samples: readonly Sample[], explicitPauses: readonly Span[]): Timeline {
  const explicit = explicitPauses.filter(({ from, to }) => to > from);
  const isWithin = ({ at }: Sample) => explicit.some(({ from, to }) => from <= at && at < to);
  const gaps = pairs(samples);
  const limit = pauseLimit(gaps.map(length));
  const interval = median(gaps.filter((gap) => !isLongPause(gap, limit)).map(length)) ?? 1000;

  const covers: Span[][] = [];
  const pauses: Span[] = [];
  for (const gap of gaps) {
    const [sample, next] = gap;
    const beforePause =
      isLongPause(gap, limit) || explicit.some(({ from }) => from >= sample.at && from < next.at);
    const to = sample.at + (beforePause ? Math.min(interval, length(gap)) : length(gap));
    covers.push(isWithin(sample) ? [] : [{ from: sample.at, to }]);
    // What is left of such a gap belongs to the pause.
    if (isWithin(sample)) pauses.push({ from: sample.at, to: next.at });
    else if (beforePause) pauses.push({ from: to, to: next.at });
  }
  const start = samples.at(0)?.at ?? 0;
  const last = samples.at(-1);
  const end = (last?.at ?? 0) + interval;
  covers.push(!last || isWithin(last) ? [] : [{ from: last.at, to: end }]);
  return { start, end, interval, covers, pauses };
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
