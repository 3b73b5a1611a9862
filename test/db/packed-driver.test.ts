import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmod, readdir, rename, stat, symlink, truncate } from "node:fs/promises";
import { join } from "node:path";
import { temporaryDirectory } from "../support/directory.ts";

const ADDON = Bun.file(require.resolve(`@libsql/linux-${process.arch}-gnu`));
const NAME = `.bpt-${process.getuid?.()}-driver.node`;

/** As the build script packs it. */
let built: Awaited<ReturnType<typeof temporaryDirectory>>;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  built = await temporaryDirectory();
  await Bun.write(join(built.path, "driver.zst"), Bun.zstdCompressSync(await ADDON.bytes(), { level: 1 }));
});
afterAll(() => built.remove());
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

/** In a process of its own, since one that has loaded it goes on using it. */
async function load(temporary = directory.path) {
  const parameters = JSON.stringify([join(built.path, "driver.zst"), ADDON.size]).slice(1, -1);
  const script = `
    const { loadDriver } = await import("./src/db/packed-driver.ts");
    try {
      process.stdout.write(typeof loadDriver(${parameters}).databaseOpen);
    } catch (error) {
      process.stdout.write(error.message);
    }`;
  const loading = Bun.spawn([process.execPath, "-e", script], {
    env: { PATH: process.env.PATH, TMPDIR: temporary },
    stdout: "pipe",
  });
  return loading.stdout.text();
}

const LOADED = "function";
const unpacked = () => stat(join(directory.path, NAME));

test("it is unpacked once", async () => {
  expect(await load()).toBe(LOADED);
  const first = await unpacked();
  expect(first.size).toBe(ADDON.size);
  expect(await load()).toBe(LOADED);
  expect((await unpacked()).ino).toBe(first.ino);
  expect(await readdir(directory.path)).toEqual([NAME]);
});

test("of many starts at once none finds half of it", async () => {
  expect(await Promise.all(Array.from({ length: 6 }, () => load()))).toEqual(Array(6).fill(LOADED));
  expect(await readdir(directory.path)).toEqual([NAME]);
});

const SPOILED: [string, (path: string) => Promise<unknown>][] = [
  ["cut short", (path) => truncate(path, 1000)],
  ["open for others to write", (path) => chmod(path, 0o777)],
  [
    "a link to what others have",
    (path) => rename(path, `${path}.theirs`).then(() => symlink(`${path}.theirs`, path)),
  ],
];

test.each(SPOILED)("one that is %s is unpacked again", async (_, spoil) => {
  await load();
  const first = await unpacked();
  await spoil(join(directory.path, NAME));
  expect(await load()).toBe(LOADED);
  const second = await unpacked();
  expect([second.isFile(), second.size, second.mode & 0o777]).toEqual([true, ADDON.size, 0o700]);
  expect(second.ino).not.toBe(first.ino);
});

test("where it cannot be unpacked the operator is told what to set", async () => {
  const message = await load(join(directory.path, "missing"));
  expect(message).toStartWith(
    `The database driver could not be loaded from ${directory.path}/missing (ENOENT`,
  );
  expect(message).toEndWith("Set TMPDIR to a directory in which this user may write files and run programs.");
  expect(message).not.toContain("\n");
});
