import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../../src/domain/sample.ts";

const RIDES = join(import.meta.dir, "../../../shared/rides");

export type RecordedRide = {
  /** In order, as they were recorded: timestamps all differ. */
  samples: Sample[];
  /** What the definitions of the metrics give: the fields of a summary, and other curves. */
  expected: {
    sampleCount: number;
    powerCurve: Record<string, number>;
    heartrateCurve: Record<string, number>;
  };
};

/** The ride of an Edge 810; null where ../shared/rides is not there. */
export function loadEdge810(): RecordedRide | null {
  const samples = join(RIDES, "edge810.ndjson");
  const expected = join(RIDES, "edge810.expected.json");
  if (!existsSync(samples) || !existsSync(expected)) return null;
  const lines = readFileSync(samples, "utf8").trimEnd().split("\n");
  return {
    samples: lines.map((line) => JSON.parse(line) as Sample),
    expected: (JSON.parse(readFileSync(expected, "utf8")) as RecordedRide).expected,
  };
}

/** A ride made up, one sample a second, no two of them alike. */
export function madeUpRide(count: number, startTime = Date.UTC(2026, 5, 1, 8)): Sample[] {
  return Array.from({ length: count }, (_, second) => ({
    timestamp: startTime + second * 1000,
    power: 150 + ((second * 37) % 200),
    heartrate: 120 + (second % 40),
    cadence: 80 + (second % 15),
    distance: second * 8.5,
  }));
}
