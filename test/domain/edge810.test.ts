import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mergeSamples, parseSample } from "../../src/domain/sample.ts";
import { summarize } from "../../src/domain/summary.ts";
import { curveOf } from "./rides.ts";

const rides = join(import.meta.dir, "../../../shared/rides");
const withRides = test.skipIf(!existsSync(rides));

function edge810() {
  const lines = readFileSync(join(rides, "edge810.ndjson"), "utf8").trim().split("\n");
  return mergeSamples(lines.flatMap((line) => parseSample(line, 0) ?? []));
}

withRides("the Edge 810's ride gives what the definitions give (skipped without ../shared/rides)", () => {
  const { expected } = JSON.parse(readFileSync(join(rides, "edge810.expected.json"), "utf8"));
  const { heartrateCurve, ...stated } = expected;
  const summary = summarize(edge810(), { pauses: [], ftp: null, skippedMessages: 0 });
  expect(summary).toMatchObject(stated);
  expect(summary.powerCurve).toEqual(stated.powerCurve);
  expect(curveOf(edge810(), [], "heartrate")).toEqual(heartrateCurve);
});

withRides("the Edge 810's ride agrees with its device about FTP (skipped without ../shared/rides)", () => {
  const { device } = JSON.parse(readFileSync(join(rides, "edge810.expected.json"), "utf8"));
  const summary = summarize(edge810(), { pauses: [], ftp: device.ftp, skippedMessages: 0 });
  expect(Math.abs((summary.normalizedPower ?? 0) - device.normalizedPower)).toBeLessThanOrEqual(1);
  expect(Math.abs((summary.intensityFactor ?? 0) - device.intensityFactor)).toBeLessThanOrEqual(0.005);
  expect(summary.normalizedPower).toBe(301);
  // Power in every second of the ride.
  expect((summary.powerZones ?? []).reduce((sum, seconds) => sum + seconds, 0)).toBe(summary.recordedTime);
  expect((summary.trainingStress ?? 0) / device.trainingStressScore).toBeCloseTo(1, 2);
});
