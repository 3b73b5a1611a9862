import { expect, test } from "bun:test";
import { formatDuration, summaryTable } from "../../../src/cli/demo/summary-table.ts";
import { summarize } from "../../domain/rides.ts";

const noRide = { pauses: [], ftp: null, skippedMessages: 0 };

test("a summary is a table with the best efforts that the ride was long enough for", async () => {
  const samples = Array.from({ length: 90 }, (_, second) => ({
    timestamp: second * 1000,
    power: 200,
    heartrate: 140,
    cadence: 90,
    speed: 36,
    distance: second * 10,
    altitude: 100,
  }));
  expect(summaryTable(await summarize(samples, noRide))).toBe(
    [
      "  Duration        1:30",
      "  Distance        0.89 km",
      "  Elevation gain  0 m",
      "  Energy          18 kJ",
      "  Power           average 200 W, maximum 200 W, normalized 200 W",
      "  Heart rate      average 140 bpm, maximum 140 bpm",
      "  Cadence         average 90 rpm, maximum 90 rpm",
      // 890 m in 90 s.
      "  Speed           average 35.6 km/h, maximum 36.0 km/h",
      "  Best 5 s        200 W",
      "  Best 1 min      200 W",
      "",
    ].join("\n"),
  );
});

test("what a ride without samples does not know is a dash", async () => {
  expect(summaryTable(await summarize([], noRide))).toContain(
    "Power           average –, maximum –, normalized –\n",
  );
});

test("durations have hours only when they need them", () => {
  expect([0, 59, 61, 3599, 3600, 36_061].map(formatDuration)).toEqual([
    "0:00",
    "0:59",
    "1:01",
    "59:59",
    "1:00:00",
    "10:01:01",
  ]);
});
