import { expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { openEmbeddedBuffer } from "../../src/streams/embedded.ts";
import { streamBufferContract } from "../contracts/stream-buffer.ts";
import { temporaryDirectory } from "../support/directory.ts";

async function openInDirectory() {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "streams.db");
  const clock = { time: 1_700_000_000_000 };
  const open = () => openEmbeddedBuffer({ path, durability: "full", now: () => clock.time });
  let buffer = await open();
  return {
    clock,
    get buffer() {
      return buffer;
    },
    async reopen() {
      await buffer.close();
      buffer = await open();
    },
    async dispose() {
      await buffer.close();
      await directory.remove();
    },
  };
}

streamBufferContract("embedded", openInDirectory);

test("a file of a newer version is refused", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "streams.db");
  const client = createClient({ url: `file:${path}` });
  await client.execute("PRAGMA user_version = 99");
  client.close();
  expect(openEmbeddedBuffer({ path, durability: "full", now: Date.now })).rejects.toThrow("newer version");
  await directory.remove();
});
