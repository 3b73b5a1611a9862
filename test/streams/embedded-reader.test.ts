import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { openConnection } from "../../src/db/connection.ts";
import { openEmbeddedReader } from "../../src/streams/embedded-reader.ts";
import { FIRST_MESSAGE_ID, LAST_MESSAGE_ID } from "../../src/streams/message-id.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { type Posted, registerRider } from "../support/rider.ts";
import { startServer } from "../support/server.ts";

setDefaultTimeout(60_000);

test("beside a server that writes: all that was acknowledged, in order, and the server loses nothing", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const path = `${server.directory}/streams.db`;
  const acknowledged: string[] = [];
  let reads = 0;

  const post = async (worker: number) => {
    // Until there have been reads enough in between.
    for (let sample = 0; sample < 50 || reads < 20; sample++) {
      const message = { worker, sample };
      const { messageId } = await rider.call<Posted>("POST", "/api/streams/ride/messages", { message });
      acknowledged.push(messageId);
    }
  };
  const read = async (): Promise<string[]> => {
    const reader = openEmbeddedReader(path);
    const ids: string[] = [];
    const owners = (await reader.list()).map(({ owner }) => owner);
    for (const owner of owners) {
      const messages = await reader.range(
        { owner, name: "ride" },
        FIRST_MESSAGE_ID,
        LAST_MESSAGE_ID,
        100_000,
      );
      ids.push(...messages.map(({ id }) => id));
    }
    await reader.close();
    return ids;
  };
  const readOften = async () => {
    for (; reads < 20; reads++) {
      const before = [...acknowledged];
      const ids = new Set(await read());
      expect(before.filter((id) => !ids.has(id))).toEqual([]);
      await Bun.sleep(1);
    }
  };
  await Promise.all([post(1), post(2), post(3), readOften()]);

  expect((await read()).toSorted()).toEqual(acknowledged.toSorted());
  await server.kill9();
  // With no server there, what it left in the write-ahead log is read too.
  expect((await read()).toSorted()).toEqual(acknowledged.toSorted());
});

test("a stream that is gone is empty, and so is a file that has just been made", async () => {
  const temporary = await temporaryDirectory();
  const path = join(temporary.path, "streams.db");
  openConnection({ path }).close();
  const reader = openEmbeddedReader(path);
  expect(await reader.list("nobody")).toEqual([]);
  const key = { owner: "nobody", name: "ride" };
  expect(await reader.range(key, FIRST_MESSAGE_ID, LAST_MESSAGE_ID, 10)).toEqual([]);
  await reader.close();
  await temporary.remove();
});

test("a file of a newer version is refused", async () => {
  const temporary = await temporaryDirectory();
  const path = join(temporary.path, "streams.db");
  const connection = openConnection({ path });
  connection.run([{ sql: "PRAGMA user_version = 99" }]);
  connection.close();
  expect(() => openEmbeddedReader(path)).toThrow("written by a newer version");
  await temporary.remove();
});
