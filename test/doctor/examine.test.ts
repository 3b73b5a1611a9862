import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { backupName } from "../../src/backup/backup-files.ts";
import { parseConfig } from "../../src/config.ts";
import { examine } from "../../src/doctor/examine.ts";
import { eachSecond, finishedRide } from "../features/workouts/rides.ts";
import { registerRider } from "../support/accounts.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { overwriteTelemetry } from "../support/damage.ts";
import { temporaryDirectory } from "../support/directory.ts";

const HOUR = 3_600_000;

/** After the program was made, which is what the clock is held against. */
const NOW = Date.UTC(2030, 5, 1, 12);

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
  app.clock.time = NOW;
});
afterEach(() => app.close());

const at = (name: string) => join(app.directory, name);

async function findings(check: string, now = app.clock.time, environment: Record<string, string> = {}) {
  const all = await examine(parseConfig({ DATA_DIR: app.directory, ...environment }), now);
  return all.filter((finding) => finding.check === check);
}

const statuses = async (check: string, now?: number) =>
  (await findings(check, now)).map(({ status }) => status);

function sql(name: string, ...statements: string[]): void {
  const database = new Database(at(name), { timeout: 5000 });
  for (const statement of statements) database.exec(statement);
  database.close();
}

test("of a server that runs there is nothing to complain of but that no backup is there", async () => {
  const all = await examine(parseConfig({ DATA_DIR: app.directory }), NOW);
  const complaints = all.filter(({ check, status }) => status !== "ok" && check !== "clock");
  expect(complaints.map(({ check }) => check)).toEqual(["backups"]);
  for (const { message, advice = "" } of all) {
    expect(message).toMatch(/^\S.*[^.]$/);
    expect(advice === "" || /[.`]$/.test(advice)).toBe(true);
  }
});

test("a write lock that is not let go is a problem that names the file", async () => {
  const holder = new Database(at("streams.db"), { timeout: 5000 });
  holder.exec("BEGIN IMMEDIATE");
  const [, buffer] = await findings("lock");
  holder.exec("ROLLBACK");
  holder.close();
  expect(buffer).toMatchObject({ status: "problem" });
  expect(buffer?.message).toContain("streams.db cannot be written: database is locked");
  expect(await statuses("lock")).toEqual(["ok", "ok"]);
}, 20_000);

test("a clock that is behind the program, or behind the data, is a problem", async () => {
  const riders = await registerRider(app);
  expect(riders.userId).not.toBe("");
  expect((await statuses("clock", NOW))[0]).not.toBe("problem");
  expect(await statuses("clock", NOW - 48 * HOUR)).toEqual(["problem"]);
  expect(await statuses("clock", 0)).toEqual(["problem"]);
});

test("streams without a rider or a ride, and rides without a stream, are told", async () => {
  const rider = await registerRider(app);
  await rider.send("POST", "/api/workouts", { streamName: "ride" });
  await rider.send("POST", "/api/streams/loose/messages", { message: { power: 200 } });
  expect(await statuses("streams")).toEqual(["ok"]);
  const later = NOW + 24 * HOUR;
  expect((await findings("streams", later)).map(({ message }) => message)).toEqual([
    "Idle streams of no ride: 1",
  ]);
  await app.deps.buffer.delete({ owner: rider.userId, name: "ride" });
  await app.deps.buffer.create({ owner: "nobody", name: "ride" });
  expect((await findings("streams")).map(({ message }) => message)).toEqual([
    "Streams of no account: 1",
    "Unfinished rides without a stream: 1",
  ]);
});

test("what others can read is told", async () => {
  await chmod(app.directory, 0o755);
  await chmod(at("jwt.secret"), 0o644);
  expect(await statuses("permissions")).toEqual(["warning", "problem"]);
  await chmod(app.directory, 0o700);
  await chmod(at("jwt.secret"), 0o600);
  expect(await statuses("permissions")).toEqual(["ok"]);
});

test("migrations to come are a warning, those of a later version a problem", async () => {
  sql(
    "bpt.db",
    "DELETE FROM __drizzle_migrations WHERE created_at = (SELECT max(created_at) FROM __drizzle_migrations)",
    "DROP TABLE sweep_attempts",
  );
  expect(await findings("migrations")).toMatchObject([
    { status: "warning", message: expect.stringMatching(/^1 of \d+ migrations are pending$/) },
  ]);
  expect(await statuses("streams")).toEqual(["ok"]);
  sql("bpt.db", `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', ${Date.UTC(2100, 0)})`);
  expect(await statuses("migrations")).toEqual(["problem"]);
});

test("a table that is not there is damage", async () => {
  sql("bpt.db", "DROP TABLE ftp_history");
  const [database] = await findings("integrity");
  expect(database?.message).toContain("bpt.db is damaged: table ftp_history is missing");
});

test("backups are good for two days", async () => {
  await mkdir(at("backups"));
  await writeFile(at(`backups/${backupName(new Date(NOW - 24 * HOUR))}`), "");
  expect(await statuses("backups")).toEqual(["ok"]);
  expect(await statuses("backups", NOW + 24 * HOUR - 1)).toEqual(["ok"]);
  expect(await statuses("backups", NOW + 24 * HOUR + 1000)).toEqual(["warning"]);
});

test("a backup of a time that is yet to come is none", async () => {
  await mkdir(at("backups"));
  const make = (time: number) => writeFile(at(`backups/${backupName(new Date(time))}`), "");
  await make(NOW + 1000 * HOUR);
  expect(await findings("backups")).toMatchObject([
    {
      status: "warning",
      message: expect.stringMatching(/^There is no backup in .* but of times that are yet to come$/),
    },
  ]);
  await make(NOW - 72 * HOUR);
  expect(await statuses("backups")).toEqual(["warning"]);
});

const LEFTOVERS = [
  "bpt.db.damaged-20300101T000000Z",
  "bpt.db.damaged-20300101T000000Z-wal",
  "replaced-2030-01-01T000000.000Z",
  "streams.db.restoring",
  "streams.db.salvaging",
];

test("what is left of repairs and restores is named, and only that is said to be of no use", async () => {
  for (const name of [...LEFTOVERS, "notes.txt"]) await writeFile(at(name), "");
  const [leftovers, others] = await findings("leftovers");
  expect(leftovers).toMatchObject({ status: "warning", advice: "It can be removed once all is well." });
  expect(leftovers?.message).toEndWith(`: ${LEFTOVERS.join(", ")}`);
  expect(others).toEqual({
    check: "leftovers",
    status: "ok",
    message: `${app.directory} has also: notes.txt`,
  });
});

test("what the configuration puts into the data directory is no leftover", async () => {
  for (const name of ["rides.db", "rides.db-wal", "nightly"]) await writeFile(at(name), "");
  await rm(at("nightly"));
  await mkdir(at("nightly"));
  const environment = { DATABASE_URL: `file:${at("rides.db")}`, BACKUP_DIR: at("nightly") };
  const [others, none] = await findings("leftovers", NOW, environment);
  expect(others?.message).toMatch(/ has also: bpt\.db(, bpt\.db-(wal|shm))*$/);
  expect([others?.status, none]).toEqual(["ok", undefined]);
});

test("a restore that was interrupted is a problem, and nothing is said of files that are half in place", async () => {
  for (const name of ["restore.json", "bpt.db.restoring"]) await writeFile(at(name), "{}");
  expect(await findings("restore")).toMatchObject([
    { status: "problem", advice: expect.stringContaining("run `bpt restore` again") },
  ]);
  expect(await findings("integrity")).toEqual([]);
  expect(await findings("leftovers")).toMatchObject([{ status: "ok" }]);
});

test("where there is nothing yet, that is said and no problem", async () => {
  const empty = await temporaryDirectory();
  const all = await examine(parseConfig({ DATA_DIR: empty.path }), NOW);
  expect(all.find(({ check }) => check === "database")).toMatchObject({
    status: "warning",
    message: expect.stringContaining("There is no database yet"),
  });
  expect(all.filter(({ check, status }) => status === "problem" && check !== "clock")).toEqual([]);
  expect(await readdir(empty.path)).toEqual([]);
  await empty.remove();
});

test.each(["missing", "empty"])("a database that is %s beside its secret is a problem", async (state) => {
  await app.whileStopped(async () => {
    await loseDatabase(state);
    expect(await findings("database")).toMatchObject([
      { status: "problem", message: expect.stringMatching(/bpt\.db is .*jwt\.secret beside it/) },
    ]);
    expect(await findings("integrity")).toEqual([]);
    await rm(at("jwt.secret"));
    expect(await statuses("database")).toEqual(["warning"]);
  });
});

async function loseDatabase(state: string): Promise<void> {
  // An empty one is another file: SQLite in this process still knows the old one.
  await rm(at("bpt.db"));
  if (state === "empty") await writeFile(at("bpt.db"), "");
}

test("telemetry that is not as it was written is a problem that names the rides", async () => {
  const rider = await registerRider(app);
  const rides = [1, 2, 3].map((day) =>
    finishedRide(rider, eachSecond(60, { power: 200 }, Date.UTC(2026, 4, day))),
  );
  const [first, second] = await Promise.all(rides);
  expect(await findings("telemetry")).toEqual([
    { check: "telemetry", status: "ok", message: "Rides with telemetry: 3, all as written" },
  ]);
  for (const ride of [first, second]) overwriteTelemetry(at("bpt.db"), ride?.id ?? "");
  const [telemetry] = await findings("telemetry");
  expect(telemetry?.status).toBe("problem");
  expect(telemetry?.message).toStartWith("The telemetry of 2 of 3 rides is damaged: ");
  for (const ride of [first, second]) expect(telemetry?.message).toContain(ride?.id ?? "?");
  expect((await findings("integrity")).map(({ status }) => status)).toEqual(["ok", "ok"]);
});

test("a remote database that is away is a problem, and all else is told", async () => {
  const environment = { DATABASE_URL: "http://127.0.0.1:9" };
  expect(await findings("remote", NOW, environment)).toMatchObject([{ status: "problem" }]);
  expect(await findings("integrity", NOW, environment)).toMatchObject([{ status: "ok" }]);
});

test("where there is no data, that is said", () => {
  expect(examine(parseConfig({ DATA_DIR: at("nowhere") }), NOW)).rejects.toThrow("There is no data in");
});

test.each([
  [
    "bpt.db",
    "CREATE TRIGGER mint AFTER INSERT ON users BEGIN DELETE FROM api_keys; END",
    "trigger mint is not of this program",
  ],
  ["bpt.db", "CREATE VIEW everything AS SELECT 1", "view everything is not of this program"],
  ["bpt.db", "DROP TABLE leases", "table leases is missing"],
  [
    "bpt.db",
    "DROP INDEX workouts_stale; CREATE INDEX workouts_stale ON workouts (id)",
    "index workouts_stale is not as this program makes it",
  ],
  ["streams.db", "CREATE TABLE more (id INTEGER)", "table more is not of this program"],
])("what is not of this program is a problem: in %s, after %s", async (name, statement, told) => {
  sql(name, statement);
  const [problem] = (await findings("integrity")).filter(({ status }) => status === "problem");
  expect(problem?.message).toContain(told);
});

test("a buffer of the first versions, which lacks a table, is sound", async () => {
  sql("streams.db", "DROP TABLE deleted_stream");
  expect(await statuses("integrity")).toEqual(["ok", "ok"]);
});
