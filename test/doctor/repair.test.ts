import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { parseConfig } from "../../src/config.ts";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { openReadOnly, rowsOf } from "../../src/db/read-only.ts";
import { repair } from "../../src/doctor/repair.ts";
import { outcomeOf, runCommand, startCommand } from "../backup/commands.ts";
import { beginWithoutPointerMap, makeBuffer, makeDatabase } from "../salvage/specimen.ts";
import { runOnTerminal } from "../support/command.ts";
import { overwriteMiddle } from "../support/damage.ts";
import { temporaryDirectory } from "../support/directory.ts";

setDefaultTimeout(60_000);

const NOW = Date.UTC(2030, 5, 1, 12);
const NAMES = ["bpt.db", "streams.db"];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let data: string;
const at = (name: string) => join(data, name);

beforeEach(async () => {
  directory = await temporaryDirectory();
  data = join(directory.path, "data");
  await mkdir(data, { mode: 0o700 });
});
afterEach(() => directory.remove());

function spawn(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success;
}

/** Copies, which no connection of this process has ever been open to. */
async function makeFiles(isOld = false): Promise<void> {
  const from = (name: string) => join(directory.path, name);
  if (isOld) for (const name of NAMES) beginWithoutPointerMap(from(name));
  await Promise.all([makeDatabase(from("bpt.db")), makeBuffer(from("streams.db"))]);
  for (const name of NAMES) await copyFile(from(name), at(name));
}

async function damage(name: string): Promise<Buffer> {
  await overwriteMiddle(at(name), 2);
  return readFile(at(name));
}

const repairAll = (environment: Record<string, string> = {}) =>
  repair(parseConfig({ DATA_DIR: data, ...environment }), () => NOW);

function stateOf(name: string) {
  const database = openReadOnly(at(name));
  try {
    const [state] = rowsOf<{ mode: number; journal: string; free: number }>(
      database,
      `SELECT auto_vacuum AS mode, journal_mode AS journal, freelist_count AS free
       FROM pragma_auto_vacuum, pragma_journal_mode, pragma_freelist_count`,
    );
    return state;
  } finally {
    database.close();
  }
}

test.each([false, true])(
  "sound files are tidied, and then can give pages back; of an earlier version: %p",
  async (isOld) => {
    await makeFiles(isOld);
    expect(stateOf("bpt.db")).toMatchObject({ mode: isOld ? 0 : 2, journal: "wal" });
    expect(stateOf("bpt.db")?.free).toBeGreaterThan(0);
    expect(await repairAll()).toMatchObject([{ outcome: "tidied" }, { outcome: "tidied" }]);
    for (const name of NAMES) {
      expect(stateOf(name)).toEqual({ mode: 2, journal: "wal", free: 0 });
      expect(checkIntegrity(at(name))).toEqual([]);
    }
  },
);

test.each([false, true])("salvaged files can give pages back; of an earlier version: %p", async (isOld) => {
  await makeFiles(isOld);
  for (const name of NAMES) await damage(name);
  expect(await repairAll()).toMatchObject([{ outcome: "salvaged" }, { outcome: "salvaged" }]);
  for (const name of NAMES) expect(stateOf(name)?.mode).toBe(2);
});

test("a file that a byte of its header keeps from being written is made anew, with all that is in it", async () => {
  await makeFiles();
  const bytes = await readFile(at("bpt.db"));
  bytes.writeUInt8(3, 18);
  await writeFile(at("bpt.db"), bytes);
  const [database] = await repairAll();
  if (database?.outcome !== "salvaged") throw new Error("It was expected to be salvaged.");
  const losses = Object.values(database.tables).map(({ lost, unreadable }) => lost + unreadable);
  expect(losses.every((loss) => loss === 0)).toBe(true);
  const repaired = new Database(at("bpt.db"));
  repaired.exec("DELETE FROM workouts");
  repaired.close();
});

test("nothing is repaired where the files are not those that they ought to be", async () => {
  await makeFiles();
  await writeFile(at("restore.json"), "{}");
  expect(repairAll()).rejects.toThrow("is not finished. Start the server");
  await rm(at("restore.json"));
  await writeFile(at("bpt.db"), "");
  expect(repairAll()).rejects.toThrow(
    "bpt.db is empty, and streams.db beside it tells that there was a database",
  );
  data = join(directory.path, "nowhere");
  expect(repairAll()).rejects.toThrow(`There is no data in ${data}. Set DATA_DIR.`);
});

test("on a terminal it says which file it is at, and elsewhere nothing", async () => {
  await makeFiles();
  const { shown } = await runOnTerminal(["doctor", "--repair"], { DATA_DIR: data }, []);
  expect(shown.match(/Checking (bpt|streams)\.db \(\d+\.\d MB\) …/g)).toHaveLength(4);
  expect(await runCommand(["doctor"], { DATA_DIR: data })).toMatchObject({ errors: "", exitCode: 0 });
});

test("a file of an earlier version without a free page can give pages back from then on too", async () => {
  await makeFiles(true);
  const database = new Database(at("bpt.db"));
  database.exec("VACUUM");
  database.close();
  expect(stateOf("bpt.db")).toMatchObject({ mode: 0, free: 0 });
  await repairAll();
  expect(stateOf("bpt.db")).toMatchObject({ mode: 2, free: 0 });
});

test("nothing is written into a replica that is sound", async () => {
  await makeFiles();
  const before = await readFile(at("bpt.db"));
  const [replica] = await repairAll({ DATABASE_SYNC_URL: "http://127.0.0.1:9" });
  expect(replica).toEqual({ path: at("bpt.db"), outcome: "left" });
  expect((await readFile(at("bpt.db"))).equals(before)).toBe(true);
});

test("a damaged replica is set aside with what belongs to it, for the server to make a new one", async () => {
  await makeFiles();
  const damaged = await damage("bpt.db");
  await writeFile(at("bpt.db-client_wal_index"), "{}");
  const [replica, buffer] = await repairAll({ DATABASE_SYNC_URL: "http://127.0.0.1:9" });
  const kept = "bpt.db.damaged-20300601T120000Z";
  expect(replica).toMatchObject({ outcome: "set-aside", kept: at(kept) });
  expect(buffer).toMatchObject({ outcome: "tidied" });
  expect((await readFile(at(kept))).equals(damaged)).toBe(true);
  const files = await readdir(data);
  expect(files).toContain(`${kept}-client_wal_index`);
  expect(files.filter((name) => /^bpt\.db(-|$)/.test(name))).toEqual([]);
});

test("a disk that becomes full while a file is salvaged leaves everything as it was", async () => {
  if (!spawn("mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "tmpfs", data)) {
    process.stderr.write("No disk could be mounted here: the repair on a full disk was not tried.\n");
    return;
  }
  try {
    await repairOnFullDisk();
  } finally {
    spawn("umount", data);
  }
});

async function repairOnFullDisk(): Promise<void> {
  await makeFiles();
  const damaged = await damage("bpt.db");
  const others = await readFile(at("streams.db"));
  const command = startCommand(["doctor", "--repair"], { DATA_DIR: data });
  while (!existsSync(at("bpt.db.salvaging"))) await Bun.sleep(1);
  command.kill("SIGSTOP");
  expect(spawn("dd", "if=/dev/zero", `of=${at("filler")}`, "bs=64k")).toBe(false);
  command.kill("SIGCONT");
  const { output, errors, exitCode } = await outcomeOf(command);
  expect({ output, exitCode }).toEqual({ output: "", exitCode: 1 });
  expect(errors).toMatch(/full|no space left/i);
  expect((await readFile(at("bpt.db"))).equals(damaged)).toBe(true);
  expect((await readFile(at("streams.db"))).equals(others)).toBe(true);
  expect((await readdir(data)).filter((name) => /damaged|salvaging/.test(name))).toEqual([]);

  const refused = await runCommand(["doctor", "--repair"], { DATA_DIR: data });
  expect(refused.errors).toMatch(/^Salvaging .* takes 2\.\d MB of free disk\. Make room/);
  await rm(at("filler"));
  expect(await runCommand(["doctor", "--repair"], { DATA_DIR: data })).toMatchObject({ exitCode: 0 });
}
