import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readManifest, unpackBackup } from "../../src/backup/check.ts";
import type { BackupReport } from "../../src/backup/create.ts";
import { lockFile } from "../../src/db/data-lock.ts";
import { complete, eachSecond, finishedRide, startRide } from "../features/workouts/rides.ts";
import { useService } from "../support/accounts.ts";
import { runOnTerminal } from "../support/command.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { jsonOf, outcomeOf, runCommand, startCommand } from "./commands.ts";
import { fillBuffer, fillDatabase } from "./noise.ts";

setDefaultTimeout(30_000);

const service = useService({ fresh: true });
let elsewhere: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  elsewhere = await temporaryDirectory();
  await finishedRide(service.rider, eachSecond(60));
  for (const power of [100, 110]) {
    await service.rider.send("POST", "/api/streams/live/messages", { message: { power } });
  }
});
afterEach(() => elsewhere.remove());

const environment = () => ({ DATA_DIR: service.app.directory });

/** Beside the service, which runs. */
const backUp = (...args: string[]) => jsonOf<BackupReport>(["backup", ...args], environment());

test("everything is in it, it is nobody else's to read, and nothing is left beside it", async () => {
  const report = await backUp();
  const directory = join(service.app.directory, "backups");
  expect((await readdir(directory)).sort()).toEqual([
    report.file.slice(directory.length + 1),
    "bpt-backup.lock",
  ]);
  const { mode, size } = await stat(report.file);
  expect(mode & 0o777).toBe(0o600);
  expect(report.bytes).toBe(size);
  expect(report.files["bpt.db"]?.rows).toMatchObject({ users: 1, workouts: 1, telemetry: 1, api_keys: 1 });
  expect(report.files["streams.db"]?.rows).toMatchObject({ stream: 1, message: 2 });

  const manifest = await unpackBackup(report.file, (name) => join(elsewhere.path, name));
  expect(manifest.files).toEqual(report.files);
  expect(manifest.liveBuffer).toBe("embedded");
  expect(await readFile(join(elsewhere.path, "jwt.secret"))).toEqual(
    await readFile(join(service.app.directory, "jwt.secret")),
  );
});

test("it goes where it is told to, and says in words what it has", async () => {
  const to = join(elsewhere.path, "deep", "down");
  const { output, errors, exitCode } = await runCommand(["backup", "--to", to], environment());
  expect({ errors, exitCode }).toEqual({ errors: "", exitCode: 0 });
  const [name = ""] = (await readdir(to)).filter((found) => found.endsWith(".tar.gz"));
  expect(output).toStartWith(
    `${join(to, name)}\n1 riders, 1 workouts, 1 streams under way; 0.0 MB, checked, in `,
  );

  const { file } = await jsonOf<BackupReport>(["backup"], { ...environment(), BACKUP_DIR: elsewhere.path });
  expect(file).toStartWith(join(elsewhere.path, "bpt-"));
});

test("on a terminal a bar tells how far it is, and how far a restore is", async () => {
  const { shown } = await runOnTerminal(["backup", "--to", elsewhere.path], environment(), []);
  expect(shown).toMatch(/Backing up .* 0 %/);
  const [name = ""] = (await readdir(elsewhere.path)).filter((found) => found.endsWith(".tar.gz"));
  const data = { DATA_DIR: join(elsewhere.path, "data") };
  const restoring = await runOnTerminal(["restore", join(elsewhere.path, name)], data, []);
  expect(restoring.shown).toMatch(/Restoring .* 0 %/);
  expect(restoring.shown).toContain("1 riders, 1 workouts");
});

test("it is made where a process may not set its priority", async () => {
  const isRoot = process.getuid?.() === 0;
  const unprivileged = [...(isRoot ? ["setpriv", "--bounding-set=-sys_nice"] : []), "nice", "-n", "19"];
  const command = Bun.spawn([...unprivileged, process.execPath, "--no-env-file", "src/main.ts", "backup"], {
    env: { PATH: process.env.PATH, ...environment() },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const { errors, exitCode } = await outcomeOf(command);
  expect({ errors, exitCode }).toEqual({ errors: "", exitCode: 0 });
});

test("what an earlier one left that was killed is cleared away", async () => {
  const directory = join(service.app.directory, "backups");
  const command = startCommand(["backup"], environment());
  const workspace = join(directory, "bpt-backup.part");
  while (!(await stat(workspace).catch(() => undefined))) await Bun.sleep(1);
  command.kill("SIGKILL");
  await command.exited;
  await mkdir(workspace, { recursive: true });
  await writeFile(join(workspace, "archive"), "half of one");
  const { file } = await backUp();
  expect((await readdir(directory)).sort()).toEqual(
    [file.slice(directory.length + 1), "bpt-backup.lock"].sort(),
  );
});

test("while one is being made, there is no second into the same directory", async () => {
  const directory = join(service.app.directory, "backups");
  await mkdir(directory);
  const lock = await lockFile(join(directory, "bpt-backup.lock"), "");
  expect(await runCommand(["backup"], environment())).toEqual({
    output: "",
    errors: `Another backup is being made in ${directory}.`,
    exitCode: 1,
  });
  lock.release();
  await backUp();
});

test("with the live buffer in Redis, the backup says that it has no rides under way", async () => {
  const redis = { UPSTASH_REDIS_REST_URL: "http://127.0.0.1:9", UPSTASH_REDIS_REST_TOKEN: "token" };
  const { output } = await runCommand(["backup", "--to", elsewhere.path], { ...environment(), ...redis });
  expect(output).toContain("\nThe rides under way are in Redis, and not in the backup.\n");
  const [name = ""] = (await readdir(elsewhere.path)).filter((found) => found.endsWith(".tar.gz"));
  const { liveBuffer, files } = await readManifest(join(elsewhere.path, name));
  expect(liveBuffer).toBe("redis");
  expect(Object.keys(files)).toEqual(["bpt.db", "jwt.secret"]);
});

test("a ride that is completed between the two copies is in the backup once, and apart from the next one", async () => {
  const { app, rider } = service;
  await fillDatabase(app, 16_000_000);
  await fillBuffer(app, 16_000_000);
  const { id } = await startRide(rider, { streamName: "live" });
  const command = await stoppedAtFirstCopy(join(elsewhere.path, "bpt-backup.part"));
  await complete(rider, id);
  const next = await startRide(rider, { streamName: "live" });
  command.kill("SIGCONT");
  const { output } = await outcomeOf(command);

  const manifest = await unpackBackup(output.split("\n")[0] ?? "", (name) => join(elsewhere.path, name));
  expect(manifest.files["bpt.db"]?.rows).toMatchObject({ workouts: 3, telemetry: 2 });
  const [stream] = await app.deps.buffer.list(rider.userId);
  expect(stream).toMatchObject({ name: next.streamName, length: 0 });
  // All that is left are the 320 messages of the noise.
  expect(manifest.files["streams.db"]?.rows).toMatchObject({ message: 320 });
});

/** A backup that is held while it makes the first of its copies, of a moment that is then past. */
async function stoppedAtFirstCopy(workspace: string) {
  for (;;) {
    const command = startCommand(["backup", "--to", elsewhere.path], environment());
    const copies = () => ["bpt.db", "streams.db"].filter((name) => Bun.file(join(workspace, name)).size > 0);
    while (copies().length === 0) await Bun.sleep(1);
    command.kill("SIGSTOP");
    if (copies().length === 1) return command;
    command.kill("SIGKILL");
    await command.exited;
    await rm(workspace, { recursive: true });
  }
}

describe("there is no backup", () => {
  test.each([{ DATABASE_URL: "http://127.0.0.1:9" }, { DATABASE_SYNC_URL: "http://127.0.0.1:9" }])(
    "of a database that is kept elsewhere, as with %p",
    async (remote) => {
      const { errors, exitCode } = await runCommand(["backup"], { ...environment(), ...remote });
      expect(errors).toStartWith("The database is not kept on this machine");
      expect(exitCode).toBe(1);
    },
  );

  test("where there is no database, and none is made", async () => {
    const { errors } = await runCommand(["backup"], { DATA_DIR: elsewhere.path });
    expect(errors).toStartWith("There is no database at ");
    expect(await readdir(elsewhere.path)).toEqual([]);
  });

  test("into what is no directory, or one that cannot be written, and the words for it say so", async () => {
    const to = join(elsewhere.path, "file");
    await writeFile(to, "");
    const refused = async (directory: string) => {
      const { errors, exitCode } = await runCommand(["backup", "--to", directory], environment());
      expect(exitCode).toBe(1);
      return errors;
    };
    expect(await refused(to)).toBe(`There can be no backups in ${to}: it is a file.`);
    expect(await refused(`${to}/below`)).toBe(`There can be no backups in ${to}/below: it is below a file.`);
    expect(await refused("/proc/self")).toBe(
      "/proc/self cannot be written. Give it, and what is beside it, to the user that runs the server (`chown`), or run this as its owner.",
    );
  });

  test("of a damaged database, and the words for it name the file", async () => {
    await writeFile(join(elsewhere.path, "bpt.db"), "no database at all".repeat(1000));
    const { errors, exitCode } = await runCommand(["backup"], { DATA_DIR: elsewhere.path });
    expect(errors).toContain(`${elsewhere.path}/bpt.db could not be read: file is not a database.`);
    expect(exitCode).toBe(1);
    expect(await readdir(join(elsewhere.path, "backups"))).toEqual(["bpt-backup.lock"]);
  });
});
