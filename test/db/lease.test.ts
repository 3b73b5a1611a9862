import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { createDatabase, type Database } from "../../src/db/database.ts";
import { createLeases } from "../../src/db/lease.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { openClient } from "../../src/db/open.ts";
import { temporaryDirectory } from "../support/directory.ts";

const MINUTE = 60_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let database: Database;
let time: number;
const leasesOf = (holder: string) => createLeases(database, holder, () => time);

beforeEach(async () => {
  time = Date.UTC(2026, 5, 1);
  directory = await temporaryDirectory();
  database = createDatabase(
    await openClient({ url: `file:${join(directory.path, "bpt.db")}`, durability: "relaxed" }),
  );
  await migrateDatabase(database);
});
afterEach(async () => {
  database.$client.close();
  await directory.remove();
});

/** Work that lasts until it is told to end. */
function lasting() {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const work = () => {
    began.resolve();
    return ended.promise;
  };
  return { work, began: began.promise, end: ended.resolve };
}

test("of many instances one does the work, and when it is done another may", async () => {
  const { work, began, end } = lasting();
  const first = leasesOf("a").hold("sweep", work);
  await began;
  const others = ["b", "c", "d"].map((holder) => leasesOf(holder).hold("sweep", async () => {}));
  expect(await Promise.all(others)).toEqual([false, false, false]);
  end();
  expect(await first).toBe(true);
  expect(await leasesOf("b").hold("sweep", async () => {})).toBe(true);
});

test("of instances that ask at once exactly one gets it", async () => {
  const { work, end } = lasting();
  const asking = ["a", "b", "c", "d", "e"].map((holder) => leasesOf(holder).hold("sweep", work));
  const refused = await Promise.any(asking);
  end();
  expect(refused).toBe(false);
  expect((await Promise.all(asking)).filter((held) => held)).toEqual([true]);
});

test("one job does not keep another from being done", async () => {
  const { work, began, end } = lasting();
  const first = leasesOf("a").hold("sweep", work);
  await began;
  expect(await leasesOf("b").hold("backup", async () => {})).toBe(true);
  end();
  await first;
});

test("a lease of one that has died is taken over when it has run out, and by itself at once", async () => {
  const { work, began, end } = lasting();
  // It never comes back to renew or release it, as far as the others can see.
  const dead = leasesOf("a").hold("sweep", work);
  await began;
  time += MINUTE - 1;
  expect(await leasesOf("b").hold("sweep", async () => {})).toBe(false);
  expect(await leasesOf("a").hold("another", async () => {})).toBe(true);
  time += 1;
  expect(await leasesOf("b").hold("sweep", async () => {})).toBe(true);
  end();
  await dead;
});

test("after a restart an instance has its own lease again", async () => {
  const { work, began, end } = lasting();
  const before = leasesOf("a").hold("sweep", work);
  await began;
  expect(await leasesOf("a").hold("sweep", async () => {})).toBe(true);
  end();
  await before;
});

test("work that fails gives the lease back", async () => {
  const failing = leasesOf("a").hold("sweep", () => Promise.reject(new Error("no disk")));
  expect(failing).rejects.toThrow("no disk");
  await failing.catch(() => {});
  expect(await leasesOf("b").hold("sweep", async () => {})).toBe(true);
});
