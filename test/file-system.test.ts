import { expect, test } from "bun:test";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../src/file-system.ts";
import { temporaryDirectory } from "./support/directory.ts";

const SOURCE = join(import.meta.dir, "../src");

test("directories are made with all that are above them, for their owner alone, and made once", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "a/b/c");
  await makeDirectory(path);
  await makeDirectory(path);
  for (const part of ["a", "a/b", "a/b/c"]) {
    expect((await stat(join(directory.path, part))).mode & 0o777).toBe(0o700);
  }
  await directory.remove();
});

test("no directory is made in another way, which a power cut may undo", async () => {
  const files = (await readdir(SOURCE, { recursive: true })).filter((name) => name.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(200);
  const making: string[] = [];
  for (const file of files) {
    if (/\bmkdir(Sync)?\(/.test(await readFile(join(SOURCE, file), "utf8"))) making.push(file);
  }
  expect(making).toEqual(["file-system.ts"]);
});
