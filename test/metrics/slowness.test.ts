import { expect, test } from "bun:test";
import pino from "pino";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { watchCommits } from "../../src/metrics/slowness.ts";

test("all commits are counted, and a disk that is slow over and over is logged once", () => {
  const lines: string[] = [];
  const metrics = createMetrics();
  const committed = watchCommits(metrics, pino({ base: null }, { write: (line) => void lines.push(line) }));
  committed(1, 20);
  expect(lines).toEqual([]);
  for (let time = 0; time < 5; time++) committed(3, 250);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, commits: 1, longestMs: 250 }),
  ]);
  expect(metrics.commitPosts.sum).toBe(16);
  expect(metrics.commitDuration.sum).toBeCloseTo(1.27);
});
