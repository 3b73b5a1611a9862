import { expect, spyOn, test } from "bun:test";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { eachSecond, finishedRide } from "../features/workouts/rides.ts";
import { registerRider } from "../support/accounts.ts";
import { createTestApp } from "../support/app.ts";
import { overwriteTelemetry } from "../support/damage.ts";

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

test("damaged telemetry of a ride is told by health, once by the log, and keeps the instance ready", async () => {
  const app = await createTestApp();
  const rider = await registerRider(app);
  const [damaged, other] = [
    await finishedRide(rider, eachSecond(60, { power: 200 }, Date.UTC(2026, 4, 1))),
    await finishedRide(rider, eachSecond(60, { power: 200 }, Date.UTC(2026, 4, 2))),
  ];
  overwriteTelemetry(join(app.directory, "bpt.db"), damaged.id);
  expect(await (await app.request("/health")).json()).toMatchObject({ status: "ok" });
  const told = spyOn(app.deps.log, "error");

  const refused = { status: 503, code: "store_damaged" };
  for (const [method, path] of [
    ["GET", "telemetry"],
    ["POST", "archive"],
  ] as const) {
    expect(await rider.refused(method, `/api/workouts/${damaged.id}/${path}`)).toMatchObject(refused);
  }
  expect(await rider.ok<object>(`/api/workouts/${damaged.id}`)).toMatchObject({
    workout: { id: damaged.id },
  });
  expect(await rider.ok<{ telemetry?: object }>(`/api/workouts/${other.id}/telemetry`)).toBeDefined();

  expect(told.mock.calls.map(([, message]) => message)).toEqual([
    expect.stringContaining(`The telemetry of ride ${damaged.id} is damaged. `),
  ]);
  expect(await (await app.request("/health")).json()).toMatchObject({ status: "degraded", damagedRides: 1 });
  expect((await app.request("/readyz")).status).toBe(200);
  await app.close();
});
