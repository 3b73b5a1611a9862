import { timestampOf } from "./timestamp.ts";

/** One reading of a ride: `timestamp` in epoch milliseconds, the other fields as the sensor sent them. */
export type Sample = { timestamp: number; [field: string]: unknown };

/**
 * A sample as it came in; `isDated` where its timestamp is its own, and not the time at which it arrived. `weight` is how
 * many characters its message has.
 */
export type Arrival = { sample: Sample; isDated: boolean; weight: number };

/**
 * Reads one stream message; null when the text is not a JSON object and thus no sample.
 * `arrivedAt` (epoch ms) stands in for a timestamp that is missing, or tells no instant.
 */
export function parseArrival(message: string, arrivedAt: number): Arrival | null {
  const fields = parseObject(message);
  if (fields === null) return null;
  const timestamp = timestampOf(fields.timestamp);
  const sample = withTimestamp(fields, timestamp ?? arrivedAt);
  return { sample, isDated: timestamp !== null, weight: message.length };
}

/** What is merged into one sample, in characters of JSON: many times the largest message. More makes another sample. */
export const LARGEST_SAMPLE = 1_000_000;

/** A sample that later ones may complete: how many characters it had when it was measured, and what has come since. */
type OpenSample = { sample: Sample; measured: number; since: number };

/** So much comes between two measurements, which take their time. */
const MEASURED_AFTER = LARGEST_SAMPLE / 10;

/** Makes samples of arrivals, which come in the order in which they arrived. */
export class SampleMerger {
  #dated = new Map<number, OpenSample>();
  #samples: Sample[] = [];

  /**
   * Samples with the same timestamp of their own are one, resent or completed: of each field the later value stands,
   * but null takes the place of none. Those that bear the time of their arrival are each one of their own.
   */
  add({ sample, isDated, weight }: Arrival): void {
    const earlier = isDated ? this.#dated.get(sample.timestamp) : undefined;
    if (earlier && hasRoom(earlier, weight)) {
      complete(earlier.sample, sample);
      earlier.since += weight;
      return;
    }
    this.#samples.push(sample);
    if (isDated) this.#dated.set(sample.timestamp, { sample, measured: 0, since: weight });
  }

  /** All that there are, in the order of their timestamps, and where these are equal, of their arrival. */
  finish(): Sample[] {
    return this.take(Number.POSITIVE_INFINITY);
  }

  /**
   * Those that nothing can be merged into any more, where all that is still to come is of `time` and later; in the same
   * order. They are gone from here.
   */
  take(time: number): Sample[] {
    const samples = this.#sorted();
    const open = this.#dated.get(time);
    const kept = open ? samples.indexOf(open.sample) : samples.length;
    this.#samples = samples.slice(kept);
    this.#dated = new Map(open && [[time, open]]);
    return samples.slice(0, kept);
  }

  #sorted(): Sample[] {
    const isSorted = this.#samples.every(
      ({ timestamp }, index) => timestamp >= (this.#samples[index - 1]?.timestamp ?? timestamp),
    );
    return isSorted ? this.#samples : this.#samples.sort((a, b) => a.timestamp - b.timestamp);
  }
}

/** What was sent again has added nothing: it is only measured where it might be too much, and then not soon again. */
function hasRoom(open: OpenSample, weight: number): boolean {
  const mightBeTooMuch = open.measured + open.since + weight > LARGEST_SAMPLE;
  if (mightBeTooMuch && open.since >= MEASURED_AFTER) {
    open.measured = JSON.stringify(open.sample).length;
    open.since = 0;
  }
  return open.measured + open.since + weight <= LARGEST_SAMPLE;
}

function complete(sample: Sample, later: Sample): void {
  for (const field of Object.keys(later)) {
    if (later[field] !== null || !Object.hasOwn(sample, field)) setOwn(sample, field, later[field]);
  }
}

/** Plain assignment, but for the one name with which it would set the prototype instead. */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The fields of a JSON object; null where the text is none, or one that no sensor sends. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !(maybeNested(text) && isTooDeep(value)) ? value : null;
  } catch {
    return null;
  }
}

/** Samples hardly ever nest anything: a look at the text saves one at every field. */
function maybeNested(text: string): boolean {
  return text.includes("[") || text.lastIndexOf("{") > text.indexOf("{");
}

/** What nests deeper is no reading of a sensor, and could be parsed here but not be written again elsewhere. */
const DEEPEST = 100;

function isTooDeep(value: unknown, levels = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Spread defines own properties, so a field named `__proto__` stays a mere field. */
function withTimestamp(fields: Record<string, unknown>, timestamp: number): Sample {
  return hasTimestamp(fields, timestamp) ? fields : { ...fields, timestamp };
}

function hasTimestamp(fields: Record<string, unknown>, timestamp: number): fields is Sample {
  return fields.timestamp === timestamp;
}
