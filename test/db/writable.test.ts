import { expect, setDefaultTimeout, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { makeBuffer, makeDatabase } from "../salvage/specimen.ts";
import { temporaryDirectory } from "../support/directory.ts";

setDefaultTimeout(60_000);

const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

async function asNobody(directory: string, ...words: string[]) {
  const command = Bun.spawn([...NOBODY, process.execPath, "--no-env-file", "src/main.ts", ...words], {
    env: { PATH: process.env.PATH, DATA_DIR: directory, PORT: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([command.stdout.text(), command.stderr.text()]);
  return { output, errors, exitCode: await command.exited };
}

function mayBeNobody(): boolean {
  if (process.geteuid?.() !== 0 || Bun.which("setpriv") === null) return false;
  return Bun.spawnSync([...NOBODY, process.execPath, "--version"]).success;
}

test("files of another user are told by doctor and by the server, with their owner", async () => {
  if (!mayBeNobody()) {
    process.stderr.write("This user cannot be another one: files of another user were not tried.\n");
    return;
  }
  const directory = await temporaryDirectory();
  const path = join(directory.path, "bpt.db");
  await makeDatabase(path);
  await makeBuffer(join(directory.path, "streams.db"));
  await chmod(directory.path, 0o777);
  for (const name of ["bpt.db", "streams.db"]) await chmod(join(directory.path, name), 0o644);
  try {
    const examined = await asNobody(directory.path, "doctor", "--json");
    const { findings } = JSON.parse(examined.output);
    const [database] = findings.filter(({ check }: { check: string }) => check === "lock");
    expect(database).toMatchObject({
      status: "problem",
      message: `${path} cannot be written: it belongs to user 0, this is user 65534`,
    });
    expect(await asNobody(directory.path, "serve")).toMatchObject({
      errors: expect.stringContaining(`${path} cannot be written: it belongs to user 0`),
      exitCode: 1,
    });
  } finally {
    await directory.remove();
  }
});
