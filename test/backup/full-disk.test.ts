import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupReport } from "../../src/backup/create.ts";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { useService } from "../support/accounts.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { jsonOf, outcomeOf, runCommand, startCommand } from "./commands.ts";
import { fillDatabase } from "./noise.ts";

setDefaultTimeout(60_000);

/** A backup of so many bytes of data, which do not compress, takes its time. */
const DATA_BYTES = 16_000_000;

const service = useService({ fresh: true });
let disk: string;
let isMounted: boolean;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
  disk = join(directory.path, "disk");
  await mkdir(disk);
  isMounted = spawn("mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", disk);
});
afterEach(async () => {
  if (isMounted) spawn("umount", disk);
  await directory.remove();
});

function spawn(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success;
}

/** Mounting wants root. The limit on the size of a file, which nobody is refused, stands in for it. */
function skipped(): void {
  process.stderr.write("No disk could be mounted here: only the test with a limit on files was run.\n");
}

const environment = () => ({ DATA_DIR: service.app.directory, BACKUP_DIR: disk });

/** The old backup as it was, no part of a new one, and the data sound. */
async function checkUnharmed(old: BackupReport, before: Uint8Array): Promise<void> {
  expect((await readdir(disk)).filter((name) => name !== "filler").sort()).toEqual(
    [old.file.slice(disk.length + 1), "bpt-backup.lock"].sort(),
  );
  expect((await readFile(old.file)).equals(before)).toBe(true);
  await service.rider.send("POST", "/api/streams/live/messages", { message: { power: 1 } });
  const { path } = directory;
  for (const name of ["bpt.db", "streams.db"]) {
    // By another process: when this one closes a file, the locks that the service holds on it are gone.
    expect(
      spawn("cp", join(service.app.directory, name), join(service.app.directory, `${name}-wal`), path),
    ).toBe(true);
    expect(checkIntegrity(join(path, name))).toEqual([]);
  }
}

test("a disk that becomes full in the middle of a backup costs that backup, and nothing else", async () => {
  if (!isMounted) return skipped();
  const old = await jsonOf<BackupReport>(["backup"], environment());
  const before = await readFile(old.file);
  await fillDatabase(service.app, DATA_BYTES);

  const command = startCommand(["backup"], environment());
  while (!existsSync(join(disk, "bpt-backup.part", "bpt.db"))) await Bun.sleep(1);
  command.kill("SIGSTOP");
  expect(spawn("dd", "if=/dev/zero", `of=${join(disk, "filler")}`, "bs=64k")).toBe(false);
  command.kill("SIGCONT");
  const { output, errors, exitCode } = await outcomeOf(command);
  expect({ output, exitCode }).toEqual({ output: "", exitCode: 1 });
  expect(errors).toMatch(/^No backup was made in .*(full|no space left|disk I\/O error)/i);
  await checkUnharmed(old, before);

  await rm(join(disk, "filler"));
  await jsonOf<BackupReport>(["backup"], environment());
});

test("the same where a file may not grow any further", async () => {
  const old = await jsonOf<BackupReport>(["backup"], environment());
  const before = await readFile(old.file);
  await fillDatabase(service.app, DATA_BYTES);
  const limited = Bun.spawn(
    [
      "sh",
      "-c",
      'ulimit -f 4000 && exec "$@"',
      "sh",
      process.execPath,
      "--no-env-file",
      "src/main.ts",
      "backup",
    ],
    { env: { PATH: process.env.PATH, ...environment() }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const { errors, exitCode } = await outcomeOf(limited);
  expect(exitCode).toBe(1);
  expect(errors).toStartWith(`No backup was made in ${disk}. `);
  await checkUnharmed(old, before);
});

test("a disk that has not the room is told of before anything is written", async () => {
  if (!isMounted) return skipped();
  await writeFile(join(disk, "filler"), new Uint8Array(70_000_000));
  const { errors, exitCode } = await runCommand(["backup"], environment());
  expect(errors).toMatch(
    /There is not enough room in .* for a backup: it takes up to \d+ MB, and \d[\d.]* MB are free\.$/,
  );
  expect(exitCode).toBe(1);
  expect((await readdir(disk)).sort()).toEqual(["bpt-backup.lock", "filler"]);

  const elsewhere = join(directory.path, "elsewhere");
  const { file } = await jsonOf<BackupReport>(["backup", "--to", elsewhere], environment());
  const restored = await runCommand(["restore", file], { DATA_DIR: join(disk, "data") });
  expect(restored.errors).toMatch(/There is not enough room in .* for what is in the backup/);
});
