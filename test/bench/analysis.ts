import { workouts } from "../../src/db/schema.ts";
import { curveMetrics, durationsUpTo, type MeanMaximalCurves } from "../../src/domain/mean-maximal.ts";
import { saveEfforts } from "../../src/features/workouts/efforts.ts";
import { type Rider, registerRider } from "../support/accounts.ts";
import { createTestApp } from "../support/app.ts";
import { median } from "./processes.ts";
import type { Row } from "./table.ts";

const RIDES = 5000;
/** How many go into one transaction, which may take no longer than a request. */
const RIDES_AT_ONCE = 250;
const THREE_HOURS = 10_800;
const FIRST_DAY = Date.UTC(2016, 0, 1, 17);
const DAY = 86_400_000;

/** What is asked of years of rides: curves, records and statistics over 5,000 of them, training load of a ride a day. */
export async function analysis(quick: boolean): Promise<Row[]> {
  const app = await createTestApp();
  try {
    const rider = await registerRider(app);
    await addRides(app, rider.userId);
    const rounds = quick ? 5 : 25;
    const rows: Row[] = [];
    for (const [what, path] of [
      [`The power curve over ${RIDES.toLocaleString("en")} rides`, "/api/power-curve"],
      ["The same over a span without any of them, which is the slowest", "/api/power-curve?from=2031-01-01"],
      [`All records of ${RIDES.toLocaleString("en")} rides`, "/api/records"],
      ["The same of a sport of which there is none", "/api/records?sport=swimming"],
      ["The power curve of a sport of which there is none", "/api/power-curve?sport=swimming"],
      ["The latest rides of a sport", "/api/workouts?sport=cycling"],
      [
        "Training load of every day of ten years, a ride on each",
        "/api/training-load?from=2016-01-01&to=2025-12-30",
      ],
      ["The same of one sport", "/api/training-load?from=2016-01-01&to=2025-12-30&sport=cycling"],
    ] as const) {
      const measured = await medianTime(rider, path, rounds);
      rows.push({ what, measured, unit: "ms", target: "under 50", met: measured < 50 });
    }
    const monthly = await medianTime(rider, "/api/stats/monthly?year=2020", rounds);
    return [...rows, { what: "The months of a year with a ride a day", measured: monthly, unit: "ms" }];
  } finally {
    await app.close();
  }
}

/** A ride a day. */
async function addRides(app: Awaited<ReturnType<typeof createTestApp>>, userId: string): Promise<void> {
  const rows = Array.from({ length: RIDES }, (_, day) => ({
    id: Bun.randomUUIDv7(),
    userId,
    streamName: `ride-${day}`,
    sport: "cycling",
    startTime: new Date(FIRST_DAY + day * DAY),
    duration: THREE_HOURS,
    status: "COMPLETED" as const,
    trainingStress: 100 + (day % 50),
    createdAt: new Date(0),
    updatedAt: new Date(0),
  }));
  for (let start = 0; start < rows.length; start += RIDES_AT_ONCE) {
    const some = rows.slice(start, start + RIDES_AT_ONCE);
    await app.deps.database.transaction(async (transaction) => {
      await transaction.insert(workouts).values(some);
      for (const [index, row] of some.entries()) await saveEfforts(transaction, row, curvesOf(start + index));
    });
  }
}

/** No two rides alike, and the best of each duration in a ride of its own. */
function curvesOf(day: number): MeanMaximalCurves {
  const curve = Object.fromEntries(
    durationsUpTo(THREE_HOURS).map((duration) => [
      duration,
      Math.round(1e6 / Math.sqrt(duration) - ((day * 7919 + duration) % 20_011)) / 1000,
    ]),
  );
  return Object.fromEntries(curveMetrics.map((metric) => [metric, curve])) as MeanMaximalCurves;
}

async function medianTime(rider: Rider, path: string, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await rider.ok(path);
    times.push(performance.now() - began);
  }
  return median(times);
}
