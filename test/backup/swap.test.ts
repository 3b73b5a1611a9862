import { describe, expect, test } from "bun:test";
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
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

/** Stopped right after it was decided, by this version or by one that wrote whole paths, and reached by another name. */
describe.each([
  ["of this version", (_root: string, path: string) => path],
  ["of an earlier version", (root: string, path: string) => join(root, "data", path)],
])("a plan %s", (_, written) => {
  const NAMES = ["bpt.db", "jwt.secret"];
  const prepareAt = async (root: string) => {
    await mkdir(join(root, "data"));
    for (const name of [...NAMES, "streams.db"]) await writeFile(join(root, "data", name), `old ${name}`);
    for (const name of NAMES) await writeFile(readyPath(join(root, "data", name)), `new ${name}`);
    const plan = {
      replaced: "replaced-1",
      replace: NAMES.map((name) => written(root, name)),
      remove: [written(root, "streams.db")],
    };
    await writeFile(join(root, "data/restore.json"), JSON.stringify(plan));
  };
  const checkAt = async (directory: string) => {
    for (const name of NAMES) expect(await readFile(join(directory, name), "utf8")).toBe(`new ${name}`);
    expect((await readdir(directory)).sort()).toEqual([...NAMES, "replaced-1"].sort());
    expect((await readdir(join(directory, "replaced-1"))).sort()).toEqual([...NAMES, "streams.db"].sort());
  };

  test("is carried out where the directory has been moved to", () =>
    inDirectory(async (root) => {
      await prepareAt(root);
      await rename(join(root, "data"), join(root, "moved"));
      expect(await finishSwap(join(root, "moved"))).toBe(true);
      await checkAt(join(root, "moved"));
    }));

  test("is carried out through a link", () =>
    inDirectory(async (root) => {
      await prepareAt(root);
      await symlink(join(root, "data"), join(root, "link"));
      expect(await finishSwap(join(root, "link"))).toBe(true);
      await checkAt(join(root, "data"));
    }));

  test("leaves the directory alone that this one is a copy of", () =>
    inDirectory(async (root) => {
      await prepareAt(root);
      await cp(join(root, "data"), join(root, "copy"), { recursive: true });
      expect(await finishSwap(join(root, "copy"))).toBe(true);
      await checkAt(join(root, "copy"));
      expect(await readFile(join(root, "data/bpt.db"), "utf8")).toBe("old bpt.db");
    }));

  test("of which a file is not to be found is refused, and nothing is touched", () =>
    inDirectory(async (root) => {
      await prepareAt(root);
      for (const path of ["data/bpt.db", "data/bpt.db.restoring"]) await rm(join(root, path));
      const before = (await readdir(join(root, "data"))).sort();
      await expect(finishSwap(join(root, "data"))).rejects.toThrow("neither");
      expect((await readdir(join(root, "data"))).sort()).toEqual(before);
    }));
});

test("a plan has no path of the data directory in it, and whole ones of what is elsewhere", () =>
  inDirectory(async (root) => {
    const plan = await prepare(root);
    await mkdir(join(root, "other"));
    // Not carried out, since one of the files is not ready.
    const replace = [...plan.replace, join(root, "other/c.db")];
    await expect(swap(join(root, "data"), { ...plan, replace })).rejects.toThrow("other/c.db");
    const written = JSON.parse(await readFile(join(root, "data/restore.json"), "utf8"));
    expect(written.replace).toEqual([join(root, "own/b.db"), "a.db", "secret", join(root, "other/c.db")]);
    expect(written.remove).toEqual(["gone.db"]);
  }));
