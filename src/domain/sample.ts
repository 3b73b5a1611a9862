import { timestampOf } from "./timestamp.ts";

/** One reading of a ride: `timestamp` in epoch milliseconds, the other fields as the sensor sent them. */
export type Sample = { timestamp: number; [field: string]: unknown };

/** A sample as it came in; `isDated` where its timestamp is its own, and not the time at which it arrived. */
export type Arrival = { sample: Sample; isDated: boolean };

/**
 * Reads one stream message; null when the text is not a JSON object and thus no sample.
 * `arrivedAt` (epoch ms) stands in for a timestamp that is missing, or tells no instant.
 */
export function parseArrival(message: string, arrivedAt: number): Arrival | null {
  const fields = parseObject(message);
  if (fields === null) return null;
  const timestamp = timestampOf(fields.timestamp);
  return { sample: withTimestamp(fields, timestamp ?? arrivedAt), isDated: timestamp !== null };
}

/** Makes samples of arrivals, which come in the order in which they arrived. */
export class SampleMerger {
  readonly #dated = new Map<number, Sample>();
  readonly #samples: Sample[] = [];

  /**
   * Samples with the same timestamp of their own are one, resent or completed: of each field the later value stands,
   * but null takes the place of none. Those that bear the time of their arrival are each one of their own.
   */
  add({ sample, isDated }: Arrival): void {
    const earlier = isDated ? this.#dated.get(sample.timestamp) : undefined;
    if (earlier) {
      complete(earlier, sample);
      return;
    }
    this.#samples.push(sample);
    if (isDated) this.#dated.set(sample.timestamp, sample);
  }

  /** In the order of their timestamps, and where these are equal, of their arrival. */
  finish(): Sample[] {
    const isSorted = this.#samples.every(
      ({ timestamp }, index) => timestamp >= (this.#samples[index - 1]?.timestamp ?? timestamp),
    );
    return isSorted ? this.#samples : this.#samples.sort((a, b) => a.timestamp - b.timestamp);
  }
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
