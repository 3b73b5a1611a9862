/** One reading of a ride: `timestamp` in epoch milliseconds, the other fields as the sensor sent them. */
export type Sample = { timestamp: number; [field: string]: unknown };

/** The farthest instant a `Date` can express, in milliseconds to either side of 1970 (ECMA-262). */
const DATE_RANGE = 8.64e15;

/**
 * Reads one stream message; null when the text is not a JSON object and thus no sample.
 * `arrivedAt` (epoch ms) stands in for a timestamp that is missing, no number, or beyond what a `Date` holds.
 */
export function parseSample(message: string, arrivedAt: number): Sample | null {
  const fields = parseObject(message);
  if (fields === null) return null;
  // Spread defines own properties, so a field named `__proto__` stays a mere field.
  return hasTimestamp(fields) ? fields : { ...fields, timestamp: arrivedAt };
}

/**
 * Samples in ascending order of timestamp, equal timestamps merged field by field.
 * `arrived` is in order of arrival: the later-arrived field wins, also when it is null.
 */
export function mergeSamples(arrived: readonly Sample[]): Sample[] {
  const sorted = arrived.toSorted((a, b) => a.timestamp - b.timestamp);
  const merged: Sample[] = [];
  let first = 0;
  sorted.forEach((sample, last) => {
    if (sample.timestamp === sorted[last + 1]?.timestamp) return;
    merged.push(first === last ? sample : mergeFields(sorted.slice(first, last + 1), sample.timestamp));
    first = last + 1;
  });
  return merged;
}

/** All fields at once rather than pair by pair: a sensor whose clock stands still sends one endless group. */
function mergeFields(samples: readonly Sample[], timestamp: number): Sample {
  return { ...Object.fromEntries(samples.flatMap((sample) => Object.entries(sample))), timestamp };
}

function parseObject(text: string): Record<string, unknown> | null {
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

function hasTimestamp(fields: Record<string, unknown>): fields is Sample {
  return typeof fields.timestamp === "number" && Math.abs(fields.timestamp) <= DATE_RANGE;
}
