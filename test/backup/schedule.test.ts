import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { backupName, listBackups } from "../../src/backup/backup-files.ts";
import { createTestApp, type TestApp } from "../support/app.ts";

setDefaultTimeout(30_000);

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
let app: TestApp;
let directory: string;

beforeEach(async () => {
  app = await createTestApp();
  directory = join(app.directory, "backups");
  // What makes a backup is another process, and goes by the real clock.
  app.clock.time = Date.now();
});
afterEach(() => app.close());

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}

/** Until the next backup has another name. */
async function nextSecond(last: { madeAt: Date } | undefined): Promise<void> {
  await until(() => backupName(new Date()) !== backupName(last?.madeAt ?? new Date(0)));
}

test("one that was missed is made, once, and the next when the next is due", async () => {
  expect(app.deps.backups.last).toBeUndefined();
  await app.deps.backups.runIfDue();
  const [first, ...others] = await listBackups(directory);
  expect(others).toEqual([]);
  expect(app.deps.backups.last).toEqual({
    at: app.clock.time,
    ok: true,
    bytes: first?.bytes ?? 0,
    durationSeconds: expect.any(Number),
  });
  await app.deps.backups.runIfDue();
  expect(await listBackups(directory)).toHaveLength(1);

  app.clock.time += DAY_MS;
  await nextSecond(first);
  await app.deps.backups.runIfDue();
  // In its place, since it is of the same day by the clock of the other process.
  const [next, ...older] = await listBackups(directory);
  expect([next?.path === first?.path, older]).toEqual([false, []]);
});

test("after a start the newest file tells what is due, unless it is from the future", async () => {
  await app.deps.backups.runIfDue();
  const [made] = await listBackups(directory);
  app.clock.time = Date.now();
  await app.reopen();
  await until(() => app.deps.backups.last !== undefined);
  expect(app.deps.backups.last).toEqual({
    at: made?.madeAt.getTime() ?? 0,
    ok: true,
    bytes: made?.bytes ?? 0,
  });
  await app.deps.backups.runIfDue();
  expect(await listBackups(directory)).toHaveLength(1);

  await writeFile(join(directory, backupName(new Date(Date.now() + 400 * DAY_MS))), "");
  app.clock.time += DAY_MS;
  await nextSecond(made);
  await app.deps.backups.runIfDue();
  const names = (await listBackups(directory)).map(({ path }) => path);
  expect([names.length, names.includes(made?.path ?? "")]).toEqual([2, false]);
});

test("old ones go when a new one is made, and nothing else does", async () => {
  await mkdir(directory);
  const nights = Array.from({ length: 40 }, (_, night) => new Date(app.clock.time - (night + 1) * DAY_MS));
  for (const night of nights) await writeFile(join(directory, backupName(night)), "");
  await writeFile(join(directory, "bpt-notes.txt"), "");
  await app.deps.backups.runIfDue();
  const left = await listBackups(directory);
  expect(left.length).toBeLessThanOrEqual(7 + 4 + 2);
  expect(left.slice(1, 7).map(({ madeAt }) => backupName(madeAt))).toEqual(
    nights.slice(0, 6).map(backupName),
  );
  expect(await readdir(directory)).toContain("bpt-notes.txt");
});

test("one that fails deletes nothing, is told, and tried again an hour later", async () => {
  await mkdir(directory);
  const old = Array.from({ length: 30 }, (_, night) => backupName(new Date(night * DAY_MS)));
  for (const name of old) await writeFile(join(directory, name), "");
  await mkdir(join(directory, "bpt-backup.lock"));
  await app.deps.backups.runIfDue();
  expect(app.deps.backups.last).toEqual({ at: app.clock.time, ok: false });
  expect((await listBackups(directory)).map(({ madeAt }) => backupName(madeAt)).sort()).toEqual(old);

  await rm(join(directory, "bpt-backup.lock"), { recursive: true });
  await app.deps.backups.runIfDue();
  expect(app.deps.backups.last?.ok).toBe(false);
  app.clock.time += HOUR_MS;
  await app.deps.backups.runIfDue();
  expect(app.deps.backups.last?.ok).toBe(true);
});

test("a stop ends one that is being made", async () => {
  const making = app.deps.backups.runIfDue();
  await until(() => existsSync(join(directory, "bpt-backup.lock")));
  await app.deps.backups.stop();
  await making;
  // It may have been too fast to be stopped.
  expect((await listBackups(directory)).length).toBe(app.deps.backups.last?.ok ? 1 : 0);
});

test.each([{ BACKUP_SCHEDULE: "off" }, { BACKUP_SCHEDULE: "0 2 1 1 *" }])(
  "%p makes none now",
  async (environment) => {
    const other = await createTestApp(environment);
    await mkdir(join(other.directory, "backups"));
    await writeFile(join(other.directory, "backups", backupName(new Date(other.clock.time))), "");
    await other.deps.backups.runIfDue();
    expect(await readdir(join(other.directory, "backups"))).toHaveLength(1);
    await other.close();
  },
);
