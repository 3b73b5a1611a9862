import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { checkAtStart } from "../../src/db/check-at-start.ts";
import { createDamageWatch } from "../../src/db/damage.ts";
import { overwriteMiddle } from "../support/damage.ts";
import { temporaryDirectory } from "../support/directory.ts";

setDefaultTimeout(60_000);

/** More than is looked at without a thread. */
const LARGE_BYTES = 5_000_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let path: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, "bpt.db");
});
afterEach(() => directory.remove());

/** Without a write-ahead log, so that a writer keeps readers out. */
function makeFile(bytes: number): void {
  const database = new Database(path);
  database.exec("CREATE TABLE noise (bytes BLOB NOT NULL) STRICT");
  const insert = database.prepare("INSERT INTO noise VALUES (randomblob(1000))");
  database.transaction(() => {
    for (let written = 0; written < bytes; written += 1000) insert.run();
  })();
  database.close();
}

function watch() {
  const told: string[] = [];
  const tell = (_: unknown, message?: string) => void told.push(message ?? "");
  return { told, damage: createDamageWatch({ error: tell }), log: { warn: tell } };
}

test.each([100_000, LARGE_BYTES])(
  "a damaged file of %i bytes ends the start, and a sound one does not",
  async (bytes) => {
    makeFile(bytes);
    const { damage, log, told } = watch();
    const stop = await checkAtStart([path], damage, log);
    stop();
    expect([...damage.files, ...told]).toEqual([]);
    await overwriteMiddle(path, 1);
    expect(checkAtStart([path], damage, log)).rejects.toThrow(
      /bpt\.db is damaged: .*`bpt doctor` tells more\./,
    );
  },
);

test("a check that takes long is not waited for, and tells of damage later", async () => {
  makeFile(LARGE_BYTES);
  await overwriteMiddle(path, 1);
  const { damage, log, told } = watch();
  const holder = new Database(path);
  holder.exec("BEGIN EXCLUSIVE");
  const stop = await checkAtStart([path], damage, log);
  expect([...damage.files, ...told]).toEqual([]);
  holder.exec("ROLLBACK");
  holder.close();
  while (told.length === 0) await Bun.sleep(10);
  expect([...damage.files]).toEqual(["bpt.db"]);
  expect(told).toEqual([
    expect.stringContaining("bpt.db is damaged. Stop the server and run `bpt doctor --repair`"),
  ]);
  stop();
});

test("a check that is ended by then tells nothing", async () => {
  makeFile(LARGE_BYTES);
  await overwriteMiddle(path, 1);
  const { damage, log, told } = watch();
  const holder = new Database(path);
  holder.exec("BEGIN EXCLUSIVE");
  const stop = await checkAtStart([path], damage, log);
  stop();
  holder.close();
  expect([...damage.files, ...told]).toEqual([]);
});

/** More than is read before the first answer. */
const HUGE_BYTES = 20_000_000;

describe("of a file too large to be read before the first answer", () => {
  test("damage inside is told of behind it", async () => {
    makeFile(HUGE_BYTES);
    await overwriteMiddle(path, 1);
    const { damage, log, told } = watch();
    const stop = await checkAtStart([path], damage, log);
    expect([...damage.files, ...told]).toEqual([]);
    while (told.length === 0) await Bun.sleep(10);
    expect([...damage.files]).toEqual(["bpt.db"]);
    stop();
  });

  test("the length, the header, the schema and the first page of each table are looked at before", async () => {
    makeFile(HUGE_BYTES);
    const root = rootOf("noise");
    const bytes = await readFile(path);
    const refused = async (change: (bytes: Buffer) => Buffer, told: RegExp) => {
      await writeFile(path, change(Buffer.from(bytes)));
      const { damage, log } = watch();
      await expect(checkAtStart([path], damage, log)).rejects.toThrow(told);
    };
    await refused((all) => all.subarray(0, all.length - 8192), /is damaged: .*`bpt doctor`/);
    await refused((all) => all.fill(0, 0, 100), /is damaged: .*`bpt doctor`/);
    await refused((all) => all.fill(255, 100, 4096), /is damaged: .*`bpt doctor`/);
    await refused((all) => all.fill(0, (root - 1) * 4096, root * 4096), /The first page of noise/);
    await writeFile(path, bytes);
    const { damage, log } = watch();
    (await checkAtStart([path], damage, log))();
  });
});

function rootOf(table: string): number {
  const database = new Database(path);
  const row = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table);
  database.close();
  return (row as { rootpage: number }).rootpage;
}
