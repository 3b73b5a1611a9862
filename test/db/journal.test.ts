import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, cp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { openReadOnly, rowsOf } from "../../src/db/read-only.ts";
import { prepareStarts, type Starts } from "../faults/starts.ts";
import { runCommand } from "../support/command.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { hasCompiler, makeFaultyDisk } from "../support/faulty-disk.ts";
import { registerRider } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { StartError, startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

let workshop: Awaited<ReturnType<typeof temporaryDirectory>>;
/** Of a server that was stopped, with a ride under way; and a backup of it. */
let sound: string;
let backup: string;
let directory: string;

beforeAll(async () => {
  workshop = await temporaryDirectory();
  sound = join(workshop.path, "sound");
  await using server = await startServer({ directory: sound });
  const rider = await registerRider(server);
  await rider.postBatch("ride", madeUpRide(20), "json");
  expect(await server.signal("SIGTERM")).toBe(0);
  const made = await runCommand(["backup", "--to", join(workshop.path, "backups"), "--json"], {
    DATA_DIR: sound,
  });
  backup = (JSON.parse(made.output) as { file: string }).file;
});
afterAll(() => workshop.remove());

beforeEach(async () => {
  directory = join(workshop.path, Bun.randomUUIDv7());
  await cp(sound, directory, { recursive: true });
});

/** Leaves a file as somebody does who is killed in the middle of a change to it, before it has a write-ahead log. */
async function plantJournal(path: string, change: string): Promise<void> {
  const work = `${path}.work`;
  await rm(work, { force: true });
  if (existsSync(path)) await copyFile(path, work);
  const database = new Database(work);
  database.exec("PRAGMA journal_mode = DELETE");
  // What is changed goes into the file at once, and the journal is whole before that.
  database.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1");
  database.exec(`BEGIN IMMEDIATE; ${change}`);
  for (const ending of ["", "-journal"]) await copyFile(work + ending, path + ending);
  database.exec("ROLLBACK");
  database.close();
  for (const ending of ["-wal", "-shm"]) await rm(path + ending, { force: true });
  await rm(work);
}

/** Both files in the middle of a change that leaves nothing of what was in them. */
async function plantJournals(): Promise<void> {
  const noise =
    "CREATE TABLE noise (bytes BLOB); INSERT INTO noise SELECT randomblob(3000) FROM generate_series(1, 50);";
  await plantJournal(join(directory, "bpt.db"), `DELETE FROM users; ${noise}`);
  await plantJournal(join(directory, "streams.db"), `DELETE FROM message; DELETE FROM stream; ${noise}`);
  for (const name of ["bpt.db", "streams.db"]) expect(existsSync(at(`${name}-journal`))).toBe(true);
}

const at = (name: string) => join(directory, name);

function count(name: string, table: string): number {
  const database = openReadOnly(at(name));
  try {
    return Number(rowsOf<{ rows: number }>(database, `SELECT count(*) AS rows FROM ${table}`)[0]?.rows);
  } finally {
    database.close();
  }
}

const expectAllThere = () => {
  expect([count("bpt.db", "users"), count("streams.db", "message")]).toEqual([1, 20]);
};

describe("where somebody was killed before the files had write-ahead logs", () => {
  beforeEach(plantJournals);

  test("the service starts, and has everything", async () => {
    {
      await using server = await startServer({ directory });
      expect(await server.signal("SIGTERM")).toBe(0);
    }
    expectAllThere();
  });

  test.each([
    "doctor",
    "doctor --repair",
    "migrate",
    "migrate --status",
    "backup",
    "export rider@example.org --to TARGET",
    "user list",
    "api-key list",
    "recompute",
  ])("bpt %s goes by what was there before that", async (command) => {
    const words = command.replace("TARGET", at("ride.tar.gz")).split(" ");
    const { errors, exitCode } = await runCommand(words, { DATA_DIR: directory });
    expect(errors).not.toContain("readonly");
    expect(exitCode).toBe(0);
    expectAllThere();
  });

  test("bpt restore puts the journals aside with the files", async () => {
    await rm(at("streams.db"));
    const { errors, exitCode } = await runCommand(["restore", backup], { DATA_DIR: directory });
    expect({ errors, exitCode }).toEqual({ errors: "", exitCode: 0 });
    expect(existsSync(at("bpt.db-journal"))).toBe(false);
    expectAllThere();
  });
});

test("a journal that was left beside what a restore had unpacked is not taken for that of the next", async () => {
  await cp(at("streams.db"), at("streams.db.restoring"));
  await plantJournal(at("streams.db.restoring"), "UPDATE message SET data = replace(data, 'power', 'xxxxx')");
  const { errors, exitCode } = await runCommand(["restore", backup], { DATA_DIR: directory });
  expect({ errors, exitCode }).toEqual({ errors: "", exitCode: 0 });
  expectAllThere();
});

test("a first start that was killed amid making its first file is made again", async () => {
  for (const name of await readdir(directory)) await rm(at(name));
  await plantJournal(
    at("bpt.db"),
    "CREATE TABLE noise (bytes BLOB); INSERT INTO noise VALUES (zeroblob(90000))",
  );
  {
    await using server = await startServer({ directory });
    await registerRider(server);
    expect(await server.signal("SIGTERM")).toBe(0);
  }
  expect(count("bpt.db", "users")).toBe(1);
});

test("a restore leaves files that have their write-ahead logs", async () => {
  await runCommand(["restore", backup], { DATA_DIR: directory });
  for (const name of ["bpt.db", "streams.db"]) {
    const database = openReadOnly(at(name));
    expect(rowsOf<object>(database, "PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
    database.close();
  }
});

test("damage is told of beside a journal too", async () => {
  await plantJournals();
  await writeFile(at("bpt.db"), "no database");
  const { output, exitCode } = await runCommand(["doctor"], { DATA_DIR: directory });
  expect(exitCode).toBe(1);
  expect(output).toContain("bpt.db is damaged");
});

test.skipIf(!hasCompiler)(
  "where a journal cannot be removed, the next start goes on from there",
  async () => {
    const disk = await makeFaultyDisk(workshop.path);
    const environment = { ...disk.environment };
    for (const name of await readdir(directory)) await rm(at(name));
    await disk.set("unlink -journal");
    await expect(startServer({ directory, environment })).rejects.toThrow(StartError);
    await disk.set("none");
    await using server = await startServer({ directory, environment });
    await registerRider(server);
    expect(await server.signal("SIGTERM")).toBe(0);
  },
);

describe.skipIf(!hasCompiler)("killed again and again", () => {
  let starts: Starts;
  beforeAll(async () => {
    starts = await prepareStarts();
  });
  afterAll(() => starts[Symbol.asyncDispose]());

  test.each([1, 2, 3])("it starts nevertheless (%i)", async (seed) => {
    expect(await starts.play(seed)).not.toBeEmpty();
  });
});
