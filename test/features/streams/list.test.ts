import { expect, test } from "bun:test";
import { useService } from "../../support/accounts.ts";
import { append, listStreams, sendBatch } from "./streams.ts";

const service = useService();

test("who has no streams sees none", async () => {
  expect(await service.rider.ok<object>("/api/streams")).toEqual({ streams: [] });
});

test("each stream is listed with its length and its first and last id", async () => {
  const { rider } = service;
  const single = await append(rider, "single", "a");
  const { firstMessageId, lastMessageId } = await sendBatch(rider, "several", ["a", "b", "c"]);
  await rider.send("POST", "/api/streams/create", { streamName: "empty" });
  expect((await listStreams(rider)).toSorted((a, b) => a.length - b.length)).toEqual([
    { name: "empty", length: 0, firstMessageId: null, lastMessageId: null },
    { name: "single", length: 1, firstMessageId: single, lastMessageId: single },
    { name: "several", length: 3, firstMessageId, lastMessageId },
  ]);
});

test("a stream is as long after a restart", async () => {
  const { rider, app } = service;
  await sendBatch(rider, "ride", ["a", "b", "c"]);
  await rider.send("POST", "/api/streams/create", { streamName: "empty" });
  const before = await listStreams(rider);
  await app.reopen();
  const byName = (streams: typeof before) => streams.toSorted((a, b) => a.name.localeCompare(b.name));
  expect(byName(await listStreams(rider))).toEqual(byName(before));
});
