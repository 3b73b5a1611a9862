import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { lockDataDirectory } from "../../src/db/data-lock.ts";
import { temporaryDirectory } from "../support/directory.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

test("a data directory is one server's at a time", async () => {
  const lock = await lockDataDirectory(directory.path);
  await expect(lockDataDirectory(directory.path)).rejects.toThrow(
    `Another server is using the data in ${directory.path}. Stop it, or set DATA_DIR.`,
  );
  lock.release();
  (await lockDataDirectory(directory.path)).release();
});

test("one that cannot be used at all is not taken for that of another server", async () => {
  const nowhere = join(directory.path, "nowhere");
  await expect(lockDataDirectory(nowhere)).rejects.toThrow(
    `${join(nowhere, "server.lock")} cannot be locked.`,
  );
  await Bun.write(join(directory.path, "server.lock"), "This is no database. ".repeat(100));
  await expect(lockDataDirectory(directory.path)).rejects.toThrow("is not a database");
});
