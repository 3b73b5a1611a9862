import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { migrate } from "../../src/cli/migrate.ts";
import { parseConfig } from "../../src/config.ts";
import { lostDatabase } from "../../src/db/lost-database.ts";
import { createLogger } from "../../src/logger.ts";
import { createRuntime } from "../../src/runtime.ts";
import { temporaryDirectory } from "../support/directory.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(directory.path, name);
const KEY = { owner: "rider", name: "ride" };
const environmentOf = (more: Record<string, string> = {}) => ({ DATA_DIR: directory.path, ...more });

/** A server's life from start to stop; with a stream, if asked for. */
async function live(more: Record<string, string> = {}, { withStream = false } = {}): Promise<void> {
  const runtime = await createRuntime(parseConfig(environmentOf(more)), createLogger("silent"));
  if (withStream) await runtime.deps.buffer.create(KEY);
  await runtime.close();
}

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const HOW: [string, () => Promise<void>][] = [
  ["is not there", () => rm(at("bpt.db"))],
  ["is empty", () => truncate(at("bpt.db"))],
];

test.each(HOW)("where the database %s but its secret is, no new one is served", async (state, lose) => {
  await live();
  await lose();
  const before = existsSync(at("bpt.db"));
  expect(live()).rejects.toThrow(
    `bpt.db ${state}, and jwt.secret beside it tells that there was a database. See`,
  );
  await live().catch(() => {});
  expect(existsSync(at("bpt.db"))).toBe(before);
});

test("with a secret that was set, it is streams that tell of it", async () => {
  const more = { JWT_SECRET: "a secret that has thirty-two characters" };
  await live(more);
  await rm(at("bpt.db"));
  await live(more, { withStream: true });
  await rm(at("bpt.db"));
  expect(live(more)).rejects.toThrow("streams.db beside it tells that there was a database");
});

test("a write-ahead log is kept that may hold the newest of a database that is empty", async () => {
  await writeFile(at("bpt.db"), "");
  await writeFile(at("bpt.db-wal"), "the newest");
  expect(live()).rejects.toThrow("bpt.db-wal beside it tells");
  await live().catch(() => {});
  expect(await readFile(at("bpt.db-wal"), "utf8")).toBe("the newest");
});

test("a start that was ended before it had made anything is made again", async () => {
  await writeFile(at("bpt.db"), "");
  await writeFile(at("streams.db"), "");
  await live();
});

test("a database that was moved to where it is now said to be is served, and one that was not is not", async () => {
  await live();
  const more = { DATABASE_URL: `file:${at("elsewhere.db")}` };
  expect(live(more)).rejects.toThrow("elsewhere.db is not there");
  await rename(at("bpt.db"), at("elsewhere.db"));
  await live(more);
});

test("who wants to begin anew says so by making a database", async () => {
  await live();
  await rm(at("bpt.db"));
  await migrate({ json: false }, environmentOf());
  await live();
});

test("a database that another server keeps, or a replica of one, is not lost here", async () => {
  await live();
  await rm(at("bpt.db"));
  const remote = "http://127.0.0.1:9";
  expect(lostDatabase(parseConfig(environmentOf({ DATABASE_URL: remote })))).toBeUndefined();
  expect(lostDatabase(parseConfig(environmentOf({ DATABASE_SYNC_URL: remote })))).toBeUndefined();
  expect(lostDatabase(parseConfig(environmentOf()))).toBeDefined();
});
