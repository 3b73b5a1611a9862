import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../db/instances.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { freePort } from "../support/port.ts";

setDefaultTimeout(30_000);

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let service: Bun.Subprocess | undefined;
let url: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  service?.kill("SIGKILL");
  await service?.exited;
  await directory.remove();
});

/** The service with its log wherever it is told; resolves when it answers. */
async function start(stdout: number | "pipe", level = "debug"): Promise<Bun.Subprocess> {
  const port = freePort();
  url = `http://127.0.0.1:${port}`;
  service = Bun.spawn([process.execPath, "--no-env-file", "src/main.ts", "serve"], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: join(directory.path, "data"),
      PORT: String(port),
      LOG_LEVEL: level,
    },
    stdin: "ignore",
    stdout,
    stderr: "inherit",
  });
  await until(answers);
  return service;
}

const answers = () =>
  fetch(`${url}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Each logs a line, at debug. */
async function ask(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  }
}

async function expectCleanStop(): Promise<void> {
  service?.kill("SIGTERM");
  expect(await service?.exited).toBe(0);
}

test("a log on a full disk costs neither a request nor the service", async () => {
  const full = openSync("/dev/full", "w");
  await start(full);
  closeSync(full);
  await ask(20);
  await expectCleanStop();
});

test("nor does one that nobody reads any more", async () => {
  const { stdout } = await start("pipe");
  if (!(stdout instanceof ReadableStream)) throw new Error("there is a pipe");
  await stdout.cancel();
  await ask(20);
  await expectCleanStop();
});

test("nor one that nobody reads for a while", async () => {
  const pipe = join(directory.path, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  // Open for reading as well, so that there is a reader; it reads nothing.
  const log = openSync(pipe, "r+");
  await start(log);
  // More than a pipe holds.
  await ask(500);
  await expectCleanStop();
  closeSync(log);
});

test("nor one whose output is closed; the data is not written over", async () => {
  const port = freePort();
  url = `http://127.0.0.1:${port}`;
  service = Bun.spawn(["sh", "-c", 'exec "$0" --no-env-file src/main.ts serve >&-', process.execPath], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: join(directory.path, "data"),
      PORT: String(port),
      LOG_LEVEL: "debug",
    },
  });
  await until(answers);
  await ask(20);
  await expectCleanStop();
  expect(await readFile(join(directory.path, "data/bpt.db"), "latin1")).toStartWith("SQLite format 3");
});

test("when the disk has room again, the log goes on and tells what it lacks", async () => {
  const disk = join(directory.path, "disk");
  await mkdir(disk);
  const isMounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]).success;
  // Mounting wants root.
  if (!isMounted) {
    process.stderr.write("No disk could be mounted: its filling up was not tried.\n");
    return;
  }
  try {
    const log = join(disk, "log");
    await writeFile(join(disk, "ballast"), "a".repeat(64 * 1024));
    const file = openSync(log, "a");
    await start(file);
    closeSync(file);
    await until(async () => {
      await ask(20);
      // It is full: another page would not fit.
      return (await stat(log)).size >= 60 * 1024;
    });
    await ask(20);
    await rm(join(disk, "ballast"));
    await ask(1);
    await expectCleanStop();
    const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
    const whole = lines
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line));
    // At most one was begun and not ended.
    expect(lines.length - whole.length).toBeLessThanOrEqual(1);
    const told = whole.filter(({ msg }) => msg === "standard output did not take lines of the log");
    expect(told).toEqual([
      { level: "warn", time: expect.any(String), lines: expect.any(Number), msg: expect.any(String) },
    ]);
    const requests = whole.filter(({ msg }) => msg === "request").length;
    expect(told[0].lines).toBeGreaterThanOrEqual(40);
    expect(requests).toBeGreaterThan(100);
    expect(whole.at(-1)).toMatchObject({ msg: "stopped" });
  } finally {
    service?.kill("SIGKILL");
    await service?.exited;
    Bun.spawnSync(["umount", disk]);
  }
});
