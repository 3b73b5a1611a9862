import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { readArchive, writeArchive } from "../../src/archive.ts";
import type { BackupReport } from "../../src/backup/create.ts";
import { countRows } from "../../src/backup/database-file.ts";
import type { Manifest } from "../../src/backup/manifest.ts";
import { eachSecond, finishedRide, history, telemetryOf } from "../features/workouts/rides.ts";
import { type Rider, useService } from "../support/accounts.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { jsonOf, runCommand } from "./commands.ts";

setDefaultTimeout(30_000);

/** More than any file in the backups here has, in bytes. */
const LARGEST = 10_000_000;

type Restored = Manifest & { file: string; replaced: string[] };
type Posted = { messageId: string };

const service = useService({ fresh: true });
const SAMPLES = eachSecond(60);
let elsewhere: Awaited<ReturnType<typeof temporaryDirectory>>;
let file: string;

const environment = () => ({ DATA_DIR: service.app.directory });
const post = (rider: Pick<Rider, "send">, power: number) =>
  rider.send<Posted>("POST", "/api/streams/live/messages", { message: { power } });

beforeEach(async () => {
  elsewhere = await temporaryDirectory();
  await finishedRide(service.rider, SAMPLES);
  for (const power of [100, 110]) await post(service.rider, power);
  ({ file } = await jsonOf<BackupReport>(["backup", "--to", elsewhere.path], environment()));
});
afterEach(() => elsewhere.remove());

/** By another process: when this one closes a file, the locks that the service holds on it are gone. */
async function copy(from: string, to: string): Promise<void> {
  expect(await Bun.spawn(["cp", "-rT", from, to]).exited).toBe(0);
}

/** The instance that is in a directory, with the rider of the service calling it. */
async function inInstance(
  directory: string,
  work: (rider: Rider, app: TestApp) => Promise<void>,
): Promise<void> {
  const app = await createTestApp({ DATA_DIR: directory });
  app.clock.time = service.app.clock.time;
  const rider: Rider = {
    ...service.rider,
    request: async (path, init) => app.request(path, { apiKey: service.rider.apiKey, ...init }),
    ok: async <Body>(path: string, init = {}) => {
      const response = await app.request(path, { apiKey: service.rider.apiKey, ...init });
      expect([path, response.ok]).toEqual([path, true]);
      return (await response.json()) as Body;
    },
    send: <Body>(method: string, path: string, json?: unknown) => rider.ok<Body>(path, { method, json }),
  };
  await work(rider, app).finally(app.close);
}

/** Their names but those of write-ahead logs, of which whoever reads leaves empty ones. */
async function filesIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !/-(wal|shm)$/.test(name)).sort();
}

async function checkRestored(directory: string): Promise<void> {
  await inInstance(directory, async (rider) => {
    const [workout] = await history(rider);
    expect(await telemetryOf(rider, workout?.id ?? "")).toEqual(SAMPLES);
    const { messages } = await rider.ok<{ messages: { data: { message: string } }[] }>(
      "/api/streams/live/messages",
    );
    expect(messages.map(({ data }) => JSON.parse(data.message).power)).toEqual([100, 110]);
  });
}

test("a backup restored elsewhere serves what was in it, tokens included", async () => {
  const directory = join(elsewhere.path, "data");
  const { output, errors, exitCode } = await runCommand(["restore", file], { DATA_DIR: directory });
  expect({ errors, exitCode }).toEqual({ errors: "", exitCode: 0 });
  expect(output).toEndWith(":\n1 riders, 1 workouts, 1 streams under way.\n");
  expect(await filesIn(directory)).toEqual(["bpt.db", "jwt.secret", "server.lock", "streams.db"]);
  const secret = (path: string) => readFile(join(path, "jwt.secret"), "utf8");
  expect(await secret(directory)).toBe(await secret(service.app.directory));
  await checkRestored(directory);
});

test("what was there before is kept whole, and can itself be put back", async () => {
  const directory = join(elsewhere.path, "data");
  // As after a crash: part of it is only in the write-ahead logs.
  await copy(service.app.directory, directory);
  await runCommand(["restore", file], { DATA_DIR: directory });
  await inInstance(directory, async (rider) => {
    await finishedRide(rider, eachSecond(30, { power: 1 }, Date.UTC(2026, 5, 1, 9)));
  });
  const { replaced } = await jsonOf<Restored>(["restore", file], { DATA_DIR: directory });
  const [kept = ""] = replaced;
  expect(kept).toStartWith(join(directory, "replaced-"));
  await checkRestored(directory);
  await inInstance(kept, async (rider) => expect(await history(rider)).toHaveLength(2));
});

test("the database goes to where it is configured to be", async () => {
  const configured = {
    DATA_DIR: join(elsewhere.path, "data"),
    DATABASE_URL: `file:${elsewhere.path}/own.db`,
  };
  for (const kept of [0, 2]) {
    const { replaced } = await jsonOf<Restored>(["restore", file], configured);
    expect(replaced).toHaveLength(kept);
  }
  expect(await readdir(elsewhere.path)).toContain("own.db");
  expect(await readdir(configured.DATA_DIR)).not.toContain("bpt.db");
});

test("message ids go on from the highest that was given out, though that was ahead of the clock", async () => {
  const directory = join(elsewhere.path, "data");
  await copy(service.app.directory, directory);
  let ahead = "";
  await inInstance(directory, async (rider, app) => {
    app.clock.time += 86_400_000;
    ahead = (await post(rider, 120)).messageId;
  });
  await runCommand(["restore", file], { DATA_DIR: directory });
  await inInstance(directory, async (rider) => {
    const { messageId } = await post(rider, 130);
    expect(Number.parseInt(messageId, 10)).toBeGreaterThan(Number.parseInt(ahead, 10));
  });
});

describe("interrupted when the old database has been moved away and the new one is not in its place", () => {
  let directory: string;

  beforeEach(async () => {
    directory = join(elsewhere.path, "data");
    await jsonOf<Restored>(["restore", file], { DATA_DIR: directory });
    await mkdir(join(directory, "replaced-1"));
    const path = join(directory, "bpt.db");
    await copy(path, `${path}.restoring`);
    await rename(path, join(directory, "replaced-1", "bpt.db"));
    const plan = { replaced: "replaced-1", replace: [path], remove: [] };
    await writeFile(join(directory, "restore.json"), JSON.stringify(plan));
  });

  test("a restore is finished by bpt migrate", async () => {
    const { errors, exitCode } = await runCommand(["migrate"], { DATA_DIR: directory });
    expect({ errors, exitCode }).toEqual({ errors: "", exitCode: 0 });
    expect(await readdir(directory)).not.toContain("restore.json");
    await checkRestored(directory);
  });

  test.each([
    "user list",
    "migrate --status",
    "backup",
    "recompute",
    "export rider@example.org --to /nowhere/at/all",
  ])("bpt %s makes nothing of it, and says what to do", async (command) => {
    const { errors, exitCode } = await runCommand(command.split(" "), { DATA_DIR: directory });
    expect(errors).toBe(
      `A restore in ${directory} is not finished. Start the server, which finishes it, or run \`bpt restore\` again. Leave *.restoring and replaced-* alone until then.`,
    );
    expect(exitCode).toBe(1);
    expect(await filesIn(directory)).toEqual(
      ["bpt.db.restoring", "jwt.secret", "replaced-1", "restore.json", "server.lock", "streams.db"].sort(),
    );
    await inInstance(directory, async (rider) => expect(await history(rider)).toHaveLength(1));
  });
});

describe("a restore is refused", () => {
  const refused = async (backup: string, given: Record<string, string> = {}) => {
    const directory = join(elsewhere.path, "data");
    await copy(service.app.directory, directory);
    const before = await contentsOf(directory);
    const { output, errors, exitCode } = await runCommand(["restore", backup], {
      DATA_DIR: directory,
      ...given,
    });
    expect({ output, exitCode }).toEqual({ output: "", exitCode: 1 });
    expect(await contentsOf(directory)).toEqual(before);
    return errors;
  };

  test("over a running server, which goes on", async () => {
    const errors = await refused(file, environment());
    expect(errors).toBe(
      `Another server is using the data in ${service.app.directory}. Stop it, or set DATA_DIR.`,
    );
    await post(service.rider, 120);
  });

  test("when the backup is truncated", async () => {
    await truncate(file, (await readFile(file)).byteLength - 1);
    expect(await refused(file)).toStartWith(`${file} is damaged, not whole or no archive.`);
  });

  test("when bytes in the middle have changed", async () => {
    const bytes = await readFile(file);
    const middle = Math.floor(bytes.byteLength / 2);
    bytes.fill(0, middle, middle + 20);
    await writeFile(file, bytes);
    // Whichever notices first: the compression, or the checksum of what came out of it.
    expect(await refused(file)).toMatch(/is damaged, not whole or no archive\.|is not a sound backup\./);
  });

  test.each<[string, (files: Manifest["files"]) => Manifest["files"]]>([
    ["nothing at all", () => ({})],
    ["no database", ({ "bpt.db": _, ...files }) => files],
    [
      "a database of which it says no rows",
      ({ "bpt.db": { rows: _, ...facts } = { size: 0, sha256: "" }, ...files }) => ({
        ...files,
        "bpt.db": facts,
      }),
    ],
  ])("when there is %s in it, which no backup is", async (_, change) => {
    await rewrite(file, ([[name, bytes] = ["", new Uint8Array()], ...entries]) => {
      const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
      manifest.files = change(manifest.files);
      const listed = entries.filter(([entry]) => entry in manifest.files);
      return [[name, Buffer.from(JSON.stringify(manifest))], ...listed];
    });
    expect(await refused(file)).toBe(`${file} is not a sound backup. Its manifest cannot be understood.`);
  });

  test("when it is no backup, or not there", async () => {
    await writeArchive(file, (add) => add("notes.txt", Buffer.from("x")));
    expect(await refused(file)).toBe(`${file} is no backup made by this program.`);
    expect(await refused(`${file}.gz`)).toStartWith(`${file}.gz cannot be read.`);
  });

  test("when the database is kept elsewhere", async () => {
    expect(await refused(file, { DATABASE_URL: "http://127.0.0.1:9" })).toStartWith(
      "The database is not kept on this machine",
    );
  });

  test("when a file in it is missing, added, or not the one that it was", async () => {
    await rewrite(file, (files) => [...files, ["more.db", Buffer.from("x")]]);
    expect(await refused(file)).toContain("more.db");
    await rewrite(file, (files) => files.filter(([name]) => !["more.db", "jwt.secret"].includes(name)));
    expect(await refused(file)).toBe(`${file} is not a sound backup. jwt.secret is not in it.`);
    await rewrite(file, (files) => [...files, ["jwt.secret", Buffer.from("another")]]);
    expect(await refused(file)).toBe(`${file} is not a sound backup. jwt.secret has changed.`);
  });

  test.each([
    ["bpt.db", "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', 9e12)"],
    ["streams.db", "PRAGMA user_version = 1000"],
  ])("when its %s is newer than the program", async (name, statement) => {
    await rewriteDatabase(file, name, statement);
    expect(await refused(file)).toStartWith(`${file} was made by a newer version of this program`);
  });

  test("when the archive is of a later format", async () => {
    await rewrite(file, ([, ...files]) => [
      ["manifest.json", Buffer.from(JSON.stringify({ format: 2, anything: true }))],
      ...files,
    ]);
    expect(await refused(file)).toBe(
      `${file} was made by a newer version of this program. Use that version.`,
    );
  });

  test.each<[string, string, string, string]>([
    [
      "a trigger",
      "bpt.db",
      `CREATE TRIGGER mint AFTER INSERT ON refresh_tokens BEGIN
         INSERT INTO api_keys (id, user_id, key_hash, name, prefix, created_at) VALUES ('x', new.user_id, 'x', 'x', 'x', 1);
       END`,
      "Trigger mint is not of this program",
    ],
    [
      "a view",
      "bpt.db",
      "CREATE VIEW everything AS SELECT * FROM users",
      "View everything is not of this program",
    ],
    ["a table", "bpt.db", "CREATE TABLE more (id INTEGER)", "Table more is not of this program"],
    ["an index", "bpt.db", "CREATE INDEX more ON users (id)", "Index more is not of this program"],
    ["no table of leases", "bpt.db", "DROP TABLE leases", "Table leases is missing"],
    ["no index of e-mails", "bpt.db", "DROP INDEX users_email", "Index users_email is missing"],
    [
      "a column that is computed",
      "bpt.db",
      "ALTER TABLE secrets ADD COLUMN more TEXT GENERATED ALWAYS AS (value || 'x') VIRTUAL",
      "Table secrets is not as this program makes it",
    ],
    [
      "a table without its types",
      "bpt.db",
      "DROP TABLE leases; CREATE TABLE leases (name text PRIMARY KEY NOT NULL, holder text NOT NULL, expires_at integer NOT NULL)",
      "Table leases is not as this program makes it",
    ],
    [
      "a table that is laid out otherwise",
      "bpt.db",
      "DROP TABLE leases; CREATE TABLE leases (name text PRIMARY KEY NOT NULL, holder text NOT NULL, expires_at integer NOT NULL) STRICT, WITHOUT ROWID",
      "Table leases is not as this program makes it",
    ],
    [
      "a trigger on samples",
      "streams.db",
      "CREATE TRIGGER drop_all AFTER INSERT ON message BEGIN DELETE FROM message; END",
      "Trigger drop_all is not of this program",
    ],
    ["no messages", "streams.db", "DROP TABLE message", "Table message is missing"],
  ])("when its database has %s that this program does not make", async (_, name, statements, told) => {
    await rewriteDatabase(file, name, statements);
    const errors = await refused(file);
    expect(errors).toStartWith(`${file} is not restored: its ${name} is none that this program makes.`);
    expect(errors).toContain(told);
  });

  test("when its database is an empty one", async () => {
    const tables = Object.keys(countRows(join(service.app.directory, "bpt.db")));
    await rewriteDatabase(
      file,
      "bpt.db",
      `PRAGMA foreign_keys = OFF; ${tables.map((table) => `DROP TABLE "${table}"`).join("; ")}; DROP TABLE IF EXISTS sqlite_stat1`,
    );
    expect(await refused(file)).toContain("its bpt.db is none that this program makes");
  });

  test.each([
    ["empty", ""],
    ["short", "s3cret"],
    ["blank", " ".repeat(100)],
  ])("when its secret is %s", async (_, secret) => {
    await rewriteFile(file, "jwt.secret", Buffer.from(secret));
    expect(await refused(file)).toContain("its jwt.secret is none that this program makes");
  });

  test("when rows refer to none", async () => {
    await rewriteDatabase(file, "bpt.db", "PRAGMA foreign_keys = OFF; DELETE FROM users");
    expect(await refused(file)).toStartWith(`${file} is not a sound backup. bpt.db: `);
  });
});

async function contentsOf(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith("server.lock")).sort();
  const sums = names.map(async (name) => [name, Bun.hash(await readFile(join(directory, name))).toString()]);
  return Object.fromEntries(await Promise.all(sums));
}

type File = [name: string, content: Uint8Array];

async function rewrite(path: string, change: (files: File[]) => File[]): Promise<void> {
  const files: File[] = [];
  for await (const entry of readArchive(path)) files.push([entry.name, await entry.bytes(LARGEST)]);
  await writeArchive(path, async (add) => {
    for (const [name, content] of change(files)) await add(name, content);
  });
}

/** With a database changed, and the manifest such that it agrees. */
async function rewriteDatabase(path: string, name: string, statements: string): Promise<void> {
  const work = join(elsewhere.path, "work.db");
  for await (const entry of readArchive(path)) {
    if (entry.name === name) await writeFile(work, await entry.bytes(LARGEST));
  }
  const database = new Database(work);
  database.exec(statements);
  database.close();
  await rewriteFile(path, name, await readFile(work), { rows: countRows(work) });
}

async function rewriteFile(
  path: string,
  name: string,
  content: Uint8Array,
  facts: object = {},
): Promise<void> {
  const { byteLength: size } = content;
  const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
  await rewrite(path, (entries) =>
    entries.map(([entry, bytes]) => {
      if (entry === name) return [entry, content];
      if (entry !== "manifest.json") return [entry, bytes];
      const manifest = JSON.parse(new TextDecoder().decode(bytes));
      manifest.files[name] = { size, sha256, ...facts };
      return [entry, Buffer.from(JSON.stringify(manifest))];
    }),
  );
}
