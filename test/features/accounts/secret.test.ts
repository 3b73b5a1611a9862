import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDatabase, type Database } from "../../../src/db/database.ts";
import { migrateDatabase } from "../../../src/db/migrate.ts";
import { openClient } from "../../../src/db/open.ts";
import { secrets } from "../../../src/db/schema.ts";
import { loadSecret, loadSharedSecret } from "../../../src/features/accounts/secret.ts";
import { temporaryDirectory } from "../../support/directory.ts";
import { describeWithSqld, startSqld } from "../../support/sqld.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let file: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  file = join(directory.path, "jwt.secret");
});
afterEach(() => directory.remove());

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test("a secret is made once, for its owner's eyes only", async () => {
  const secret = await loadSecret(directory.path);
  expect(secret).toMatch(/^[\w-]{64}$/);
  expect(await loadSecret(directory.path)).toBe(secret);
  expect(await modeOf(file)).toBe(0o600);
  expect(await readdir(directory.path)).toEqual(["jwt.secret"]);
});

test("starts at the same time agree on one secret", async () => {
  const secrets = await Promise.all(Array.from({ length: 20 }, () => loadSecret(directory.path)));
  expect(new Set(secrets).size).toBe(1);
  expect(await readdir(directory.path)).toEqual(["jwt.secret"]);
});

test("two directories have two secrets", async () => {
  const other = await temporaryDirectory();
  expect(await loadSecret(other.path)).not.toBe(await loadSecret(directory.path));
  await other.remove();
});

test("a file that others may read is tightened", async () => {
  const secret = await loadSecret(directory.path);
  await chmod(file, 0o644);
  expect(await loadSecret(directory.path)).toBe(secret);
  expect(await modeOf(file)).toBe(0o600);
});

test("one's own secret is taken, line end or not", async () => {
  await writeFile(file, `${"s".repeat(40)}\n`, { mode: 0o600 });
  expect(await loadSecret(directory.path)).toBe("s".repeat(40));
});

test.each(["", "\n", "too short"])("a file with %j stops the start with a sentence", async (text) => {
  await writeFile(file, text);
  await expect(loadSecret(directory.path)).rejects.toThrow(/jwt\.secret holds no usable secret.*Delete it/);
});

describe("shared by instances", () => {
  const open = async (url: string): Promise<Database> => {
    const database = createDatabase(await openClient({ url }));
    await migrateDatabase(database);
    return database;
  };
  const openFile = () => open(`file:${join(directory.path, "test.db")}`);

  test("a secret is made once, and kept in the database", async () => {
    const database = await openFile();
    const secret = await loadSharedSecret(database);
    expect(secret).toMatch(/^[\w-]{64}$/);
    expect(await loadSharedSecret(database)).toBe(secret);
    expect(await database.select().from(secrets)).toEqual([{ name: "jwt.secret", value: secret }]);
    expect((await readdir(directory.path)).filter((name) => name.includes("secret"))).toEqual([]);
    database.$client.close();
    const later = await openFile();
    expect(await loadSharedSecret(later)).toBe(secret);
    later.$client.close();
  });

  test("starts at the same time agree on one secret", async () => {
    const database = await openFile();
    const loaded = await Promise.all(Array.from({ length: 20 }, () => loadSharedSecret(database)));
    expect(new Set(loaded).size).toBe(1);
    database.$client.close();
  });

  describeWithSqld("of a remote database", () => {
    test("starts at the same time agree on one secret, which is not that of another database", async () => {
      await using sqld = await startSqld();
      await using other = await startSqld();
      const databases = await Promise.all(Array.from({ length: 5 }, () => open(sqld.url)));
      const loaded = await Promise.all([...databases, ...databases].map(loadSharedSecret));
      expect(new Set(loaded).size).toBe(1);
      const elsewhere = await open(other.url);
      expect(await loadSharedSecret(elsewhere)).not.toBe(loaded[0] ?? "");
      for (const database of [...databases, elsewhere]) database.$client.close();
    });
  });
});
