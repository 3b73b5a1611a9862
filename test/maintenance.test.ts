import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { readNumber } from "../src/backup/database-file.ts";
import { secrets } from "../src/db/schema.ts";
import { scheduleMaintenance } from "../src/maintenance.ts";
import { registerRider } from "./support/accounts.ts";
import { createTestApp, type TestApp } from "./support/app.ts";

setDefaultTimeout(30_000);

const WEEK_MS = 7 * 86_400_000;
let app: TestApp;

beforeEach(async () => {
  app = await createTestApp();
});
afterEach(() => app.close());

const freePages = (name: string) => readNumber(join(app.directory, name), "PRAGMA freelist_count");
const bytesOf = (name: string) => Bun.file(join(app.directory, name)).size;

async function makeFreePages(): Promise<void> {
  const { database, buffer } = app.deps;
  const { userId } = await registerRider(app);
  const value = "x".repeat(2000);
  await database
    .insert(secrets)
    .values(Array.from({ length: 1000 }, (_, index) => ({ name: `${index}`, value })));
  await database.delete(secrets);
  const key = { owner: userId, name: "ride" };
  for (let batch = 0; batch < 10; batch++) await buffer.append(key, Array(100).fill(JSON.stringify(value)));
  await buffer.delete(key);
  // Its messages go page by page, behind.
  while (freePages("streams.db") < 400) await Bun.sleep(5);
}

test("once a week space goes back to the disk, and the planner learns what is there", async () => {
  await makeFreePages();
  expect(freePages("bpt.db")).toBeGreaterThan(400);
  const maintenance = scheduleMaintenance(app.deps);
  await maintenance.runIfDue();
  expect([freePages("bpt.db"), freePages("streams.db")]).toEqual([0, 0]);
  for (const name of ["bpt.db", "streams.db"]) expect([name, bytesOf(name) < 500_000]).toEqual([name, true]);
  expect(readNumber(join(app.directory, "bpt.db"), "SELECT count(*) FROM sqlite_stat1")).toBeGreaterThan(0);

  await makeFreePages();
  await maintenance.runIfDue();
  expect(freePages("bpt.db")).toBeGreaterThan(400);
  app.clock.time += WEEK_MS;
  await maintenance.runIfDue();
  expect(freePages("bpt.db")).toBe(0);
  await maintenance.stop();
});

test("a stop leaves the rest for another time", async () => {
  await makeFreePages();
  const maintenance = scheduleMaintenance(app.deps);
  const running = maintenance.runIfDue();
  await maintenance.stop();
  await running;
  expect(freePages("streams.db")).toBeGreaterThan(200);
});

test("a file from before keeps its free pages", async () => {
  const { $client } = app.deps.database;
  await $client.executeMultiple("PRAGMA auto_vacuum = NONE; VACUUM;");
  await makeFreePages();
  const maintenance = scheduleMaintenance(app.deps);
  await maintenance.runIfDue();
  expect(freePages("bpt.db")).toBeGreaterThan(400);
  expect(freePages("streams.db")).toBe(0);
  await maintenance.stop();
});
