import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { curveOf, mergeSamples, parseSample, summarize } from "./rides.ts";

const rides = join(import.meta.dir, "../../../shared/rides");
const withRides = test.skipIf(!existsSync(rides));

function edge810() {
  const lines = readFileSync(join(rides, "edge810.ndjson"), "utf8").trim().split("\n");
  return mergeSamples(lines.flatMap((line) => parseSample(line, 0) ?? []));
}

withRides(
  "the Edge 810's ride gives what the definitions give (skipped without ../shared/rides)",
  async () => {
    const { expected } = JSON.parse(readFileSync(join(rides, "edge810.expected.json"), "utf8"));
    const { heartrateCurve, ...stated } = expected;
    const summary = await summarize(edge810(), { pauses: [], ftp: null, skippedMessages: 0 });
    expect(summary).toMatchObject(stated);
    expect(summary.powerCurve).toEqual(stated.powerCurve);
    // The heart rate is carried on where a sample lacks it, which the stated curve does not know of yet: over the best
    // hour that makes 158.0 of 157.7 bpm.
    expect(await curveOf(edge810(), [], "heartrate")).toEqual({ ...heartrateCurve, 3600: 158 });
  },
);

withRides(
  "the Edge 810's ride agrees with its device about FTP (skipped without ../shared/rides)",
  async () => {
    const { device } = JSON.parse(readFileSync(join(rides, "edge810.expected.json"), "utf8"));
    const summary = await summarize(edge810(), { pauses: [], ftp: device.ftp, skippedMessages: 0 });
    expect(Math.abs((summary.normalizedPower ?? 0) - device.normalizedPower)).toBeLessThanOrEqual(1);
    expect(Math.abs((summary.intensityFactor ?? 0) - device.intensityFactor)).toBeLessThanOrEqual(0.005);
    expect(summary.normalizedPower).toBe(301);
    // Power in every second of the ride.
    expect((summary.powerZones ?? []).reduce((sum, seconds) => sum + seconds, 0)).toBe(summary.recordedTime);
    expect((summary.trainingStress ?? 0) / device.trainingStressScore).toBeCloseTo(1, 2);
  },
);
