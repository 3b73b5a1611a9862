import { expect, test } from "bun:test";
import { registerRider } from "../support/rider.ts";
import { startServer } from "../support/server.ts";
import { openStalledReader } from "../support/stalled-reader.ts";

/** The most memory that a process has had, in MB, from /proc. */
async function peakMegabytes(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

test("a list of large messages is never in memory as a whole, however many read it and however slowly", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  const texts = Array.from({ length: 400 }, (_, n) => `${n} `.padEnd(100_000, "x"));
  for (let start = 0; start < texts.length; start += 20) {
    const messages = texts.slice(start, start + 20);
    await rider.call("POST", "/api/streams/ride/messages/batch", { messages });
  }
  const before = await peakMegabytes(server.pid);

  const path = "/api/streams/ride/messages?count=1000";
  const stalled = await Promise.all(
    Array.from({ length: 8 }, () => openStalledReader(server.url + path, rider.accessToken)),
  );
  const read = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { messages } = await rider.call<{ messages: { data: { message: string } }[] }>("GET", path);
      return messages.map(({ data }) => data.message);
    }),
  );
  for (const messages of read) expect(messages).toEqual(texts);
  // Sixteen answers of 40 MB; built as a whole they took a gigabyte.
  expect((await peakMegabytes(server.pid)) - before).toBeLessThan(150);
  for (const reader of stalled) reader[Symbol.dispose]();
});
