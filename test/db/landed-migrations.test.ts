import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "../../drizzle");

/**
 * What has landed never changes: a database that has had it would not get what was written into it later, and one whose
 * time was changed gets it twice. A new migration gets its line here in the commit that brings it.
 */
const LANDED = [
  {
    tag: "0000_initial",
    when: 1795238812256,
    hash: "0c67f0d98b0aff9f679b78c982c33f8c236ed6a4fe9a82b1edb5fbf5a77867e9",
  },
  {
    tag: "0001_analysis",
    when: 1795258145857,
    hash: "6d38ba797320f987f0b3086b9ac7f4c741fed29d28b910e34cd077f6f98b4456",
  },
  {
    tag: "0002_instances",
    when: 1795260503704,
    hash: "5fe2ec58ad497aa1e13d0db6aebe0b9457f7266ef577a76df15fc18e659eb5ee",
  },
  {
    tag: "0003_sport_groups",
    when: 1795895030361,
    hash: "5e275d01c5a24357eaed5a8239dc46b90f6e94782d808f24b7b0056362e15ccb",
  },
  {
    tag: "0004_discarded_streams",
    when: 1795900680224,
    hash: "237c5a84dc19d9949891678a67d67066fe880b92c269866fd3eaf17bd7eb0998",
  },
  {
    tag: "0005_sweep_attempts",
    when: 1795905536453,
    hash: "27bb85392f15a6c573bd765bdc5550b41b93c45de04924af45a21471c4a80075",
  },
];

test("a migration that has landed is as it was", async () => {
  const { entries } = JSON.parse(await readFile(join(FOLDER, "meta/_journal.json"), "utf8")) as {
    entries: { idx: number; tag: string; when: number }[];
  };
  const found = entries.map(async ({ idx, tag, when }) => {
    const sql = await readFile(join(FOLDER, `${tag}.sql`));
    return { idx, tag, when, hash: Bun.CryptoHasher.hash("sha256", sql, "hex") };
  });
  expect(await Promise.all(found)).toEqual(LANDED.map((landed, idx) => ({ idx, ...landed })));
});

test("each migration was made after the one before, else it would be passed over", () => {
  const times = LANDED.map(({ when }) => when);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test("there is no other SQL beside them", async () => {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".sql"));
  expect(files.toSorted()).toEqual(LANDED.map(({ tag }) => `${tag}.sql`));
});
