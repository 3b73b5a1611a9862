import { expect, test } from "bun:test";
import { ClockLead } from "../../src/domain/clock-lead.ts";

const START = 1_767_225_600_000;
const DAY = 86_400_000;

/** Of samples that are given as how long after the start they were recorded and arrived, in ms. */
function leadOf(samples: readonly { recorded: number; arrived: number; isDated?: boolean }[]): number {
  const timestamps = samples.map(({ recorded }) => START + recorded).sort((a, b) => a - b);
  const lead = new ClockLead(Float64Array.from(timestamps));
  for (const { recorded, arrived, isDated = true } of samples) {
    lead.note({ sample: { timestamp: START + recorded }, isDated }, START + arrived);
  }
  return lead.milliseconds;
}

test("is the least time that a sample took, however late others came", () => {
  expect(
    leadOf([
      { recorded: 0, arrived: 60_000 },
      { recorded: 1000, arrived: 3200 },
      { recorded: 2000, arrived: 90_000 },
    ]),
  ).toBe(2200);
});

test("is negative where the sender's clock is ahead", () => {
  expect(
    leadOf([
      { recorded: 0, arrived: -5000 },
      { recorded: 1000, arrived: -4800 },
    ]),
  ).toBe(-5800);
});

test("samples that bear the time of their arrival say nothing", () => {
  expect(
    leadOf([
      { recorded: 0, arrived: 7000 },
      { recorded: 8000, arrived: 8000, isDated: false },
    ]),
  ).toBe(7000);
  expect(leadOf([{ recorded: 0, arrived: 0, isDated: false }])).toBe(0);
  expect(leadOf([])).toBe(0);
});

test("what was recorded by a clock that was wrong says nothing", () => {
  const ridden = Array.from({ length: 200 }, (_, second) => ({
    recorded: second * 1000,
    arrived: second * 1000 + 50,
  }));
  // A year ahead, one sample of 200.
  expect(leadOf([...ridden, { recorded: 365 * DAY, arrived: 200_000 }])).toBe(50);
  expect(leadOf([{ recorded: -365 * DAY, arrived: 0 }, ...ridden])).toBe(50);
});

test("as many parts as samples take no longer for each", () => {
  const timestamps = Float64Array.from({ length: 200_000 }, (_, index) => START + index * 25 * 3_600_000);
  const lead = new ClockLead(timestamps);
  const began = performance.now();
  for (const [index, timestamp] of timestamps.entries()) {
    // Each took less than the one before.
    lead.note({ sample: { timestamp }, isDated: true }, timestamp + 1_000_000 - index);
  }
  expect(performance.now() - began).toBeLessThan(5000);
  expect(lead.milliseconds).toBe(1_000_000 - 199_999);
});
