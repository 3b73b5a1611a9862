import { expect, setDefaultTimeout, test } from "bun:test";
import { count } from "drizzle-orm";
import { bestEfforts, telemetry, users, workouts } from "../../../src/db/schema.ts";
import { deleteAccount } from "../../../src/features/accounts/usecases.ts";
import { deleteTrashedBefore } from "../../../src/features/workouts/repository.ts";
import { registerRider, useService } from "../../support/accounts.ts";

setDefaultTimeout(60_000);

const service = useService({ fresh: true });
const RIDES = 300;

const total = async (table: typeof users | typeof workouts | typeof telemetry | typeof bestEfforts) =>
  (await service.app.deps.database.select({ rows: count() }).from(table))[0]?.rows;

/** Finished rides with curves and telemetry, or such in the trash. */
async function addRides(userId: string, status: "COMPLETED" | "DELETED"): Promise<void> {
  const { database } = service.app.deps;
  const time = new Date(service.app.clock.time);
  await database.transaction(async (transaction) => {
    for (let index = 0; index < RIDES; index++) {
      const id = Bun.randomUUIDv7();
      const deletedAt = status === "DELETED" ? time : null;
      const ride = {
        id,
        userId,
        streamName: `ride-${index}`,
        startTime: time,
        createdAt: time,
        updatedAt: time,
      };
      await transaction.insert(workouts).values({ ...ride, status, deletedAt });
      await transaction.insert(telemetry).values({ workoutId: id, data: Buffer.alloc(20_000, index) });
      const efforts = Array.from({ length: 40 }, (_, duration) => ({
        workoutId: id,
        userId,
        metric: "power" as const,
        duration: duration + 1,
        value: index + duration,
        achievedAt: time,
      }));
      await transaction.insert(bestEfforts).values(efforts);
    }
  });
}

/** Writes one after another until the work is done; how many got in. */
async function writesDuring(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  let writes = 0;
  while (!isOver) {
    await service.rider.send("PATCH", "/api/users/me", { displayName: `name ${writes}` });
    writes += 1;
  }
  await work;
  return writes;
}

test("an account that is deleted is gone at once, and its rides behind, while others write", async () => {
  const { app } = service;
  const leaving = await registerRider(app, "leaving@example.org");
  await leaving.send("POST", "/api/workouts", {});
  await addRides(leaving.userId, "COMPLETED");
  expect((await leaving.request("/api/users/me", { method: "DELETE" })).status).toBe(204);
  for (const path of ["/api/users/me", "/api/workouts", "/api/streams"]) {
    expect(await leaving.refused("GET", path)).toMatchObject({ status: 401 });
  }
  expect(await writesDuring(app.deps.erasure.run())).toBeGreaterThan(5);
  await registerRider(app, "leaving@example.org");
  while ((await total(workouts)) !== 0) await app.deps.erasure.run();
  expect(await Promise.all([total(telemetry), total(bestEfforts), total(users)])).toEqual([0, 0, 2]);
});

test("what was not erased when the service ended is at its next start", async () => {
  const { app } = service;
  const leaving = await registerRider(app);
  await addRides(leaving.userId, "COMPLETED");
  await deleteAccount(app.deps, leaving.userId);
  expect(await total(workouts)).toBe(RIDES);
  await app.reopen();
  await app.deps.erasure.run();
  expect(await Promise.all([total(workouts), total(telemetry), total(users)])).toEqual([0, 0, 1]);
});

test("the trash is purged in slices, between which others write", async () => {
  const { rider, app } = service;
  await addRides(rider.userId, "DELETED");
  const purging = deleteTrashedBefore(app.deps.database, new Date(app.clock.time + 1));
  expect(await writesDuring(purging)).toBeGreaterThan(5);
  expect(await total(workouts)).toBe(0);
});
