import { expect, test } from "bun:test";
import { chmod, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { temporaryDirectory } from "../support/directory.ts";
import { registerRider } from "../support/rider.ts";
import { madeUpRide } from "../support/rides.ts";
import { startServer } from "../support/server.ts";

test("what the service makes is its owner's alone, also in a directory that is everybody's to read", async () => {
  const directory = await temporaryDirectory();
  await chmod(directory.path, 0o755);
  const server = await startServer({ directory: directory.path });
  const rider = await registerRider(server);
  await rider.postBatch("ride", madeUpRide(10), "json");
  const names = await readdir(directory.path);
  expect(names).toContain("bpt.db");
  expect(names).toContain("streams.db");
  for (const name of names) {
    expect([name, (await stat(join(directory.path, name))).mode & 0o077]).toEqual([name, 0]);
  }
  await server.kill9();
  await directory.remove();
});
