/** One message of a ride: a sample as sent, when the server took it (epoch ms), and its place in the order of arrival. */
export type Message = { message: object; arrivedAt: number; id: number };

export type Field = "power" | "cadence" | "heartrate" | "speed" | "altitude" | "distance";

/** A field that is not there is absent, which is not the same as null. */
type Values = { [field in Field]?: number | null };

/** `at` in epoch ms. `own`: by a timestamp that it brought along, not by its arrival. */
export type Sample = { at: number; own: boolean; id: number; values: Values };

type Raw = { at: number; own: boolean; id: number; fields: Record<string, unknown> };

const DAY = 24 * 3600 * 1000;

/** The least and the most that a value may be, both within: W, rpm, bpm, km/h, m, m. */
const BOUNDS: { [field in Field]: [number, number] } = {
  power: [0, 3000],
  cadence: [0, 250],
  heartrate: [20, 250],
  speed: [0, 200],
  altitude: [-500, 9000],
  distance: [0, 1e7],
};

const FIELDS = Object.keys(BOUNDS) as Field[];

/** Epoch ms of a timestamp as sent; null where it is none. */
export function toMilliseconds(timestamp: unknown): number | null {
  if (typeof timestamp === "string") {
    if (timestamp.trim() === "") return null;
    const number = Number(timestamp);
    if (!Number.isNaN(number)) return toMilliseconds(number);
    const parsed = Date.parse(timestamp);
    return Number.isNaN(parsed) ? null : parsed;
  }
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) return null;
  if (timestamp < 1e11) return timestamp * 1000;
  return timestamp >= 1e14 ? timestamp / 1000 : timestamp;
}

/** Sorted by timestamp; those of one timestamp of their own are one, which stands where the first of them does. */
export function mergedSamples(messages: readonly Message[]): Sample[] {
  const byArrival = [...messages].sort((a, b) => a.arrivedAt - b.arrivedAt || a.id - b.id);
  const byOwnTimestamp = new Map<number, Raw>();
  const samples: Raw[] = [];
  for (const { message, arrivedAt, id } of byArrival) {
    const { timestamp, ...fields } = message as Record<string, unknown>;
    const own = toMilliseconds(timestamp);
    const same = own === null ? undefined : byOwnTimestamp.get(own);
    if (same) {
      completeWith(same.fields, fields);
      continue;
    }
    const sample: Raw = { at: own ?? arrivedAt, own: own !== null, id, fields };
    if (own !== null) byOwnTimestamp.set(own, sample);
    samples.push(sample);
  }
  samples.sort((a, b) => a.at - b.at || a.id - b.id);
  return samples.map(({ fields, ...rest }) => ({ ...rest, values: withinBounds(fields) }));
}

/** The later-arrived value that is not null wins; null erases nothing. */
function completeWith(earlier: Record<string, unknown>, later: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(later)) {
    if (value !== null || !(field in earlier)) earlier[field] = value;
  }
}

function withinBounds(fields: Record<string, unknown>): Values {
  const values: Values = {};
  for (const field of FIELDS) {
    const value = fields[field];
    if (value === undefined) continue;
    const [least, most] = BOUNDS[field];
    values[field] = typeof value === "number" && value >= least && value <= most ? value : null;
  }
  return values;
}

/** The samples of the ride, in order, and how many a clock fault put elsewhere. */
export function withoutClockFaults(samples: readonly Sample[]): { samples: Sample[]; skipped: number } {
  const parts: Sample[][] = [];
  let previous: Sample | undefined;
  for (const sample of samples) {
    if (previous && sample.at - previous.at <= DAY) parts.at(-1)?.push(sample);
    else parts.push([sample]);
    previous = sample;
  }
  const largest = parts.reduce((most, part) => Math.max(most, part.length), 0);
  const ride = parts.filter((part) => part.length * 100 >= largest).flat();
  return { samples: ride, skipped: samples.length - ride.length };
}

/** The readings of one field, in order. */
export function readings(samples: readonly Sample[], field: Field): { at: number; value: number }[] {
  return samples.flatMap(({ at, values }) => {
    const value = values[field];
    return value === undefined || value === null ? [] : [{ at, value }];
  });
}
