import { expect, test } from "bun:test";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { type OpenPause, workouts } from "../../../src/db/schema.ts";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { createTestApp } from "../../support/app.ts";
import { exportUser, filesOf, importUser, writeFiles } from "../portability/archives.ts";
import { sendBatch } from "../streams/streams.ts";
import { type Changed, complete, eachSecond, startRide, summaryOf } from "./rides.ts";

const service = useService();

/** The phone's clock is an hour behind. */
const SLOW_MS = 3_600_000;

const pauseOrResume = (id: string, action: "pause" | "resume", json?: object) =>
  service.rider.send<Changed>("POST", `/api/workouts/${id}/${action}`, json);

async function pausesOf(id: string, { deps } = service.app): Promise<OpenPause[] | undefined> {
  const [row] = await deps.database.select().from(workouts).where(eq(workouts.id, id));
  return row?.pauses;
}

test("a pause that says when it was by the clock of the samples cuts out those and no others", async () => {
  const { rider, app } = service;
  const start = app.clock.time - SLOW_MS;
  const { id, streamName } = await startRide(rider);
  await sendBatch(rider, streamName, eachSecond(100, { power: 200 }, start));
  service.wait(100_000);
  const { workout } = await pauseOrResume(id, "pause", { at: start + 20_000 });
  expect(workout).toMatchObject({ id, status: "PAUSED" });
  expect(await pausesOf(id)).toEqual([{ from: start + 20_000, fromSender: true, to: null }]);
  await pauseOrResume(id, "resume", { at: start + 50_000 });
  expect(await pausesOf(id)).toEqual([
    { from: start + 20_000, fromSender: true, to: start + 50_000, toSender: true },
  ]);
  expect(await summaryOf(rider, id)).toMatchObject({ elapsedTime: 100, recordedTime: 70 });
  expect((await complete(rider, id)).workout.summary).toMatchObject({ elapsedTime: 100, recordedTime: 70 });
});

test("one that says nothing is by the server's clock, and each end may have its own", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider);
  const began = app.clock.time;
  await pauseOrResume(id, "pause");
  service.wait(5000);
  await pauseOrResume(id, "resume", {});
  await pauseOrResume(id, "pause");
  // By another clock than that of the beginning: it tells nothing that it is earlier.
  const at = began - SLOW_MS;
  await pauseOrResume(id, "resume", { at });
  await pauseOrResume(id, "pause", { at });
  service.wait(1000);
  await pauseOrResume(id, "resume");
  expect(await pausesOf(id)).toEqual([
    { from: began, to: began + 5000 },
    { from: began + 5000, to: at, toSender: true },
    { from: at, fromSender: true, to: began + 6000 },
  ]);
});

test("it cannot end before it began by the same clock, and goes on until it ends", async () => {
  const { rider, app } = service;
  const { id } = await startRide(rider);
  const at = app.clock.time - SLOW_MS;
  await pauseOrResume(id, "pause", { at });
  const refusal = await rider.refused("POST", `/api/workouts/${id}/resume`, { json: { at: at - 1 } });
  expect(refusal).toMatchObject({
    status: 400,
    code: "invalid_input",
    error: `at: is before the pause, which began at ${at}`,
  });
  expect(fieldsOf(refusal)).toEqual(["at"]);
  expect(await pausesOf(id)).toEqual([{ from: at, fromSender: true, to: null }]);
  expect((await pauseOrResume(id, "resume", { at })).workout.status).toBe("ACTIVE");
});

test.each([
  null,
  "2026-06-01T10:00:00Z",
  "1780308000000",
  1_780_308_000,
  1_780_308_000_000.5,
  1_780_308_000_000_000,
  -1_780_308_000_000,
])("%p is no time for it", async (at) => {
  const { rider } = service;
  const { id } = await startRide(rider);
  for (const action of ["pause", "resume"]) {
    const refusal = await rider.refused("POST", `/api/workouts/${id}/${action}`, { json: { at } });
    expect([refusal.status, ...fieldsOf(refusal)]).toEqual([400, "at"]);
  }
  expect(await pausesOf(id)).toEqual([]);
});

test("whose clock it goes by is in an export, and comes back with an import", async () => {
  const { rider, app } = service;
  await using target = { app: await createTestApp(), [Symbol.asyncDispose]: () => target.app.close() };
  const { id, streamName } = await startRide(rider);
  const at = app.clock.time;
  await sendBatch(rider, streamName, eachSecond(60, { power: 200 }, at));
  await pauseOrResume(id, "pause", { at: at + 10_000 });
  await pauseOrResume(id, "resume", { at: at + 20_000 });
  await pauseOrResume(id, "pause", { at: at + 40_000 });
  service.wait(60_000);
  const archive = join(app.directory, `${id}.tar.gz`);
  await exportUser(app, rider.userId, archive);
  const [name = ""] = [...(await filesOf(archive)).keys()].filter((name) => name.endsWith(`${id}.json`));
  const ride = JSON.parse((await filesOf(archive)).get(name) ?? "");
  const finished = {
    from: new Date(at + 10_000).toISOString(),
    to: new Date(at + 20_000).toISOString(),
    fromSender: true,
    toSender: true,
  };
  const open = { from: new Date(at + 40_000).toISOString(), to: null, fromSender: true };
  expect(ride.pauses).toEqual([finished, open]);

  await importUser(target.app, archive);
  expect(await pausesOf(id, target.app)).toEqual([
    { from: at + 10_000, to: at + 20_000, fromSender: true, toSender: true },
    { from: at + 40_000, to: at + 60_000, fromSender: true, toSender: true },
  ]);

  const files = await filesOf(archive);
  files.set(name, JSON.stringify({ ...ride, pauses: [{ ...finished, fromSender: "yes" }] }));
  const wrong = join(app.directory, `${id}-wrong.tar.gz`);
  await writeFiles(wrong, archive, files);
  await expect(importUser(target.app, wrong)).rejects.toThrow("pauses.0.fromSender");
});
