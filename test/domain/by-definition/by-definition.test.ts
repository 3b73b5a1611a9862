import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Context, metricsByDefinition } from "./metrics.ts";
import type { Message } from "./samples.ts";

const SHARED = join(import.meta.dir, "../../../../shared");
const CASES = join(SHARED, "cases/metrics");
const EDGE_810 = join(SHARED, "rides/edge810");

type Expected = Record<string, unknown>;

/** The lines of a file, each arriving at its own time. */
function messagesOf(file: string): Message[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line, id) => {
    const message = JSON.parse(line) as { timestamp: number };
    return { message, arrivedAt: message.timestamp, id };
  });
}

function readJson<Json>(file: string): Json {
  return JSON.parse(readFileSync(file, "utf8")) as Json;
}

/** Every field that is expected has to be the same, to the last digit. */
function expectToAgree(got: Expected, expected: Expected, path = ""): void {
  for (const [field, value] of Object.entries(expected)) {
    if (value !== null && typeof value === "object") {
      expectToAgree(got[field] as Expected, value as Expected, `${path}${field}.`);
    } else {
      expect([path + field, got[field]]).toEqual([path + field, value]);
    }
  }
}

const PLAIN: Context = { pauses: [], ftp: null, skippedMessages: 0 };

describe("what is said to come out", () => {
  const there = existsSync(CASES);
  const cases = there ? readJson<Record<string, Expected>>(join(CASES, "expected.json")) : {};
  const names = there ? Object.keys(cases) : ["none there"];

  test.skipIf(!there).each(names)("case %s", (name) => {
    const { summary } = metricsByDefinition(messagesOf(join(CASES, `${name}.ndjson`)), {
      ...PLAIN,
      ftp: 250,
    });
    expectToAgree(summary, cases[name] ?? {});
  });

  test.skipIf(!existsSync(`${EDGE_810}.ndjson`))("a real ride", () => {
    const { expected } = readJson<{ expected: Expected }>(`${EDGE_810}.expected.json`);
    const { summary, heartrateCurve } = metricsByDefinition(messagesOf(`${EDGE_810}.ndjson`), {
      ...PLAIN,
      ftp: 315,
    });
    // The file says 157.7: the best hour with 29 s without heart rate as zero. But after the last
    // value, 106 bpm, that goes on for 9 s more: (157.7297 · 3600 + 9 · 106) / 3600 = 157.9947.
    const heartrates = { ...(expected.heartrateCurve as Expected), 3600: 158 };
    expectToAgree({ ...summary, heartrateCurve }, { ...expected, heartrateCurve: heartrates });
    expect(summary.normalizedPower).toBe(301);
    expect(summary.trainingStress).toBe(119.2);
  });
});
