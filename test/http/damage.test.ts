import { expect, test } from "bun:test";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { eachSecond, finishedRide } from "../features/workouts/rides.ts";
import { registerRider } from "../support/accounts.ts";
import { createTestApp } from "../support/app.ts";

const PAGE = 4096;

test("damage that a request comes upon is told as such, and all else is served", async () => {
  const app = await createTestApp();
  const rider = await registerRider(app);
  const ride = await finishedRide(rider, eachSecond(60, { power: 200 }, Date.UTC(2026, 4, 1)));
  // The log is folded in, and nothing is in memory any more.
  await app.reopen();
  const [root] = await app.deps.database.$client
    .execute("SELECT rootpage FROM sqlite_schema WHERE name = 'telemetry'")
    .then(({ rows }) => rows.map(({ rootpage }) => Number(rootpage)));
  const file = await open(join(app.directory, "bpt.db"), "r+");
  await file.write(Buffer.alloc(PAGE, 0x5a), 0, PAGE, ((root ?? 0) - 1) * PAGE);
  await file.close();

  expect(await rider.refused("GET", `/api/workouts/${ride.id}/telemetry`)).toMatchObject({
    status: 503,
    code: "store_damaged",
  });
  expect(await rider.ok<object>(`/api/workouts/${ride.id}`)).toMatchObject({ workout: { id: ride.id } });
  expect(await (await app.request("/health")).json()).toMatchObject({
    status: "degraded",
    damaged: ["bpt.db"],
  });
  await app.close().catch(() => {});
});
