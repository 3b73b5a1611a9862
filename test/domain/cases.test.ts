import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Summary } from "../../src/domain/summary.ts";
import { mergeSamples, parseSample, summarize } from "./rides.ts";

const SHARED = join(import.meta.dir, "../../../shared/cases/metrics");

type Case = { name: string; lines: string; stated: Partial<Summary> };

function casesIn(directory: string): Case[] {
  const expected: Record<string, Partial<Summary>> = JSON.parse(
    readFileSync(join(directory, "expected.json"), "utf8"),
  );
  return Object.entries(expected).map(([name, stated]) => ({
    name,
    lines: readFileSync(join(directory, `${name}.ndjson`), "utf8"),
    stated,
  }));
}

async function expectStated({ lines, stated }: Case): Promise<void> {
  const samples = mergeSamples(
    lines
      .trim()
      .split("\n")
      .flatMap((line) => parseSample(line, 0) ?? []),
  );
  const summary = await summarize(samples, { pauses: [], ftp: 250, skippedMessages: 0 });
  const { powerCurve = {}, ...fields } = stated;
  expect(summary).toMatchObject(fields);
  expect(summary.skippedSamples).toBe(samples.length - (fields.sampleCount ?? 0));
  // Of the curve some durations are stated; none where there is no power.
  if (Object.keys(powerCurve ?? {}).length === 0) expect(summary.powerCurve).toBeNull();
  else expect(summary.powerCurve).toMatchObject(powerCurve ?? {});
}

test.each(casesIn(join(import.meta.dir, "../fixtures/metrics")))(
  "$name is what the definitions give at an FTP of 250 W",
  expectStated,
);

test.skipIf(!existsSync(SHARED))("so are all others (skipped without ../shared/cases)", async () => {
  for (const one of casesIn(SHARED)) await expectStated(one);
});
