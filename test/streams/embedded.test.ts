import { expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import type { BufferLimits } from "../../src/limits.ts";
import { openEmbeddedBuffer } from "../../src/streams/embedded.ts";
import { streamBufferContract } from "../contracts/stream-buffer.ts";
import { temporaryDirectory } from "../support/directory.ts";

async function openInDirectory(limits?: BufferLimits) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, "streams.db");
  const clock = { time: 1_700_000_000_000 };
  const open = () =>
    openEmbeddedBuffer({ path, durability: "full", now: () => clock.time, ...(limits && { limits }) });
  let buffer = await open();
  return {
    path,
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

test("the messages of a deleted stream are gone from the file, also when a restart comes in between", async () => {
  const subject = await openInDirectory();
  const key = { owner: "rider", name: "ride" };
  const texts = Array.from({ length: 3500 }, (_, index) =>
    JSON.stringify({ message: `${index}`, timestamp: 1 }),
  );
  await subject.buffer.append(key, texts);
  const [kept] = await subject.buffer.append({ ...key, name: "other" }, texts.slice(0, 1));
  await subject.buffer.delete(key);
  await subject.reopen();
  await subject.buffer.append(key, texts.slice(0, 2));
  expect(await subject.buffer.info(key)).toMatchObject({ length: 2 });
  // Each purge enqueues the next page before a call made after it is answered.
  for (let page = 0; page < 5; page++) await subject.buffer.create({ ...key, name: "last" });
  const client = createClient({ url: `file:${subject.path}` });
  const { rows } = await client.execute(
    "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM deleted_stream)",
  );
  client.close();
  expect([rows[0]?.[0], rows[0]?.[1]]).toEqual([3, 0]);
  expect(await subject.buffer.info({ ...key, name: "other" })).toMatchObject({ firstMessageId: kept ?? "" });
  await subject.dispose();
});
