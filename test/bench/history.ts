import { workouts } from "../../src/db/schema.ts";
import { registerRider } from "../support/accounts.ts";
import { createTestApp } from "../support/app.ts";
import { median } from "./processes.ts";
import type { Row } from "./table.ts";

/** The first page of the history, of somebody with 100 workouts and of somebody with 10,000. */
export async function history(quick: boolean): Promise<Row[]> {
  const app = await createTestApp({ REGISTRATION: "open" });
  try {
    const few = await riderWith(app, 100);
    const many = await riderWith(app, 10_000);
    const times = { few: [] as number[], many: [] as number[] };
    for (let round = 0; round < (quick ? 100 : 400); round++) {
      times.few.push(await timed(few));
      times.many.push(await timed(many));
    }
    const ratio = median(times.many) / median(times.few);
    return [
      {
        what: "GET /api/workouts?limit=20 of 10,000 workouts, against of 100",
        measured: ratio,
        unit: "×",
        target: "at most 2",
        met: ratio <= 2,
      },
      { what: "The same of 10,000 workouts, median", measured: median(times.many), unit: "ms" },
    ];
  } finally {
    await app.close();
  }
}

async function riderWith(
  app: Awaited<ReturnType<typeof createTestApp>>,
  count: number,
): Promise<() => Promise<unknown>> {
  const rider = await registerRider(app, `rider-${count}@example.org`);
  const rows = Array.from({ length: count }, (_, index) => ({
    id: Bun.randomUUIDv7(),
    userId: rider.userId,
    streamName: `ride-${index}`,
    title: `Ride ${index}`,
    startTime: new Date(1_600_000_000_000 + index * 86_400_000),
    status: "COMPLETED" as const,
    createdAt: new Date(0),
    updatedAt: new Date(0),
  }));
  for (let start = 0; start < count; start += 500) {
    await app.deps.database.insert(workouts).values(rows.slice(start, start + 500));
  }
  return () => rider.ok("/api/workouts?limit=20");
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}
