import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { finishSwap, readyPath, type SwapPlan, swap } from "../../src/backup/swap.ts";
import { temporaryDirectory } from "../support/directory.ts";

const OLD = ["data/a.db", "data/a.db-wal", "data/a.db-shm", "own/b.db", "own/b.db-wal", "data/gone.db"];

/** Two databases in different places, a file that comes anew, and one that nothing comes for. */
async function prepare(root: string): Promise<SwapPlan> {
  for (const directory of ["data", "own"]) await mkdir(join(root, directory));
  for (const name of OLD) await writeFile(join(root, name), `old ${name}`);
  const replace = ["own/b.db", "data/a.db", "data/secret"].map((name) => join(root, name));
  for (const path of replace) await writeFile(readyPath(path), `new ${basename(path)}`);
  return { replaced: "replaced-1", replace, remove: [join(root, "data/gone.db")] };
}

async function checkDone(root: string): Promise<void> {
  const read = (name: string) => readFile(join(root, name), "utf8");
  expect((await readdir(join(root, "data"))).sort()).toEqual(["a.db", "replaced-1", "secret"]);
  expect((await readdir(join(root, "own"))).sort()).toEqual(["b.db", "replaced-1"]);
  expect([await read("data/a.db"), await read("own/b.db")]).toEqual(["new a.db", "new b.db"]);
  for (const name of OLD) {
    const kept = join(dirname(name), "replaced-1", basename(name));
    expect([kept, await read(kept)]).toEqual([kept, `old ${name}`]);
  }
}

async function inDirectory(work: (root: string) => Promise<void>): Promise<void> {
  const directory = await temporaryDirectory();
  await work(directory.path).finally(directory.remove);
}

test("new files take the places of old ones, which are kept", () =>
  inDirectory(async (root) => {
    await swap(join(root, "data"), await prepare(root));
    await checkDone(root);
    expect(await finishSwap(join(root, "data"))).toBe(false);
  }));

/** The renames that a swap is made of, in order. */
function renames({ replace, remove, replaced }: SwapPlan): [from: string, to: string][] {
  const away = (path: string) =>
    [path, `${path}-wal`, `${path}-shm`].map((part): [string, string] => [
      part,
      join(dirname(part), replaced, basename(part)),
    ]);
  return [
    ...replace.flatMap((path) => [...away(path), [readyPath(path), path] as [string, string]]),
    ...remove.flatMap(away),
  ];
}

test("stopped after any of its steps, it is finished the next time", async () => {
  for (let steps = 0; steps <= 15; steps++) {
    await inDirectory(async (root) => {
      const plan = await prepare(root);
      await writeFile(join(root, "data/restore.json"), JSON.stringify(plan));
      for (const [from, to] of renames(plan).slice(0, steps)) {
        if (!(await Bun.file(from).exists())) continue;
        await mkdir(dirname(to), { recursive: true });
        await rename(from, to);
      }
      expect(await finishSwap(join(root, "data"))).toBe(true);
      await checkDone(root);
    });
  }
});

test("what was made in the place of a database meanwhile overwrites none that was moved away", () =>
  inDirectory(async (root) => {
    const plan = await prepare(root);
    await writeFile(join(root, "data/restore.json"), JSON.stringify(plan));
    await mkdir(join(root, "data/replaced-1"));
    for (const part of ["a.db", "a.db-wal", "a.db-shm"])
      await rename(join(root, "data", part), join(root, "data/replaced-1", part));
    for (const part of ["a.db", "a.db-wal"]) await writeFile(join(root, "data", part), "empty");
    await finishSwap(join(root, "data"));
    const read = (name: string) => readFile(join(root, "data", name), "utf8");
    expect(await read("replaced-1/a.db")).toBe("old data/a.db");
    expect(await read("replaced-1/a.db-wal")).toBe("old data/a.db-wal");
    expect([await read("replaced-1-2/a.db"), await read("replaced-1-2/a.db-wal")]).toEqual([
      "empty",
      "empty",
    ]);
    expect(await read("a.db")).toBe("new a.db");
  }));

test("a plan that cannot be read is told of, with what to do, and nothing is touched", () =>
  inDirectory(async (root) => {
    await prepare(root);
    for (const text of ["{", '{"replace":"all"}']) {
      await writeFile(join(root, "data/restore.json"), text);
      await expect(finishSwap(join(root, "data"))).rejects.toThrow("Remove it, and run `bpt restore`");
    }
    for (const name of OLD) expect(await readFile(join(root, name), "utf8")).toBe(`old ${name}`);
  }));

test("before it is decided, nothing is touched", () =>
  inDirectory(async (root) => {
    await prepare(root);
    await writeFile(join(root, "data/restore.json.part"), "{");
    expect(await finishSwap(join(root, "data"))).toBe(false);
    for (const name of OLD) expect(await readFile(join(root, name), "utf8")).toBe(`old ${name}`);
  }));
