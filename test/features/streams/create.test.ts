import { expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { listen, textsOf } from "./events.ts";
import { append, listStreams, streamNames, textsIn } from "./streams.ts";

const service = useService();

const create = (streamName: unknown) =>
  service.rider.send<{ success: true; streamName: string; messageId: string; message: string }>(
    "POST",
    "/api/streams/create",
    { streamName },
  );

test("a stream is made, empty", async () => {
  expect(await create("ride")).toEqual({
    success: true,
    streamName: "ride",
    messageId: expect.stringMatching(/^\d+-\d+$/),
    message: expect.any(String),
  });
  expect(await listStreams(service.rider)).toEqual([
    { name: "ride", length: 0, firstMessageId: null, lastMessageId: null },
  ]);
});

test("making a stream again changes nothing", async () => {
  const id = await append(service.rider, "ride", "kept");
  expect(await create("ride")).toMatchObject({ success: true, streamName: "ride" });
  expect(await create("ride")).toMatchObject({ success: true, streamName: "ride" });
  expect(await listStreams(service.rider)).toEqual([
    { name: "ride", length: 1, firstMessageId: id, lastMessageId: id },
  ]);
});

test("two that make a stream at once make one", async () => {
  await Promise.all([create("ride"), create("ride")]);
  expect(await streamNames(service.rider)).toEqual(["ride"]);
});

test("who resumes from the id of an empty stream hears its first message", async () => {
  const { messageId } = await create("ride");
  await append(service.rider, "ride", "first");
  const events = await listen(service.rider, `/api/streams/ride/listen?lastEventId=${messageId}`);
  expect(textsOf(await events.take(2))).toEqual(["first"]);
  await events.leave();
});

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

test.each(["a", "7", "-", "_", LETTERS, "constructor", "__proto__", "create", "listenAll"])(
  "the name %s is a good one",
  async (name) => {
    expect(LETTERS).toHaveLength(64);
    expect(await create(name)).toMatchObject({ streamName: name });
    await append(service.rider, name, "hello");
    expect(await textsIn(service.rider, name)).toEqual(["hello"]);
  },
);

const BAD_NAMES = [
  "",
  `${LETTERS}a`,
  "two words",
  "a/b",
  "a.b",
  "a:b",
  "ä",
  "ride\n",
  " ride",
  "ride\u0000",
  "*",
];

test.each([...BAD_NAMES, null, undefined, 5, true, ["ride"], { name: "ride" }].map((name) => [name]))(
  "%j is no name",
  async (streamName) => {
    const refusal = await service.rider.refused("POST", "/api/streams/create", { json: { streamName } });
    expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
    expect(fieldsOf(refusal)).toEqual(["streamName"]);
    expect(await listStreams(service.rider)).toEqual([]);
  },
);

test("a name is needed", async () => {
  expect(await service.rider.refused("POST", "/api/streams/create")).toMatchObject({ status: 400 });
});

test.each(BAD_NAMES.slice(1))("no route takes %p for a name", async (name) => {
  const path = `/api/streams/${encodeURIComponent(name)}`;
  const { rider } = service;
  const refusals = [
    await rider.refused("POST", `${path}/messages`, { json: { message: "hello" } }),
    await rider.refused("POST", `${path}/messages/batch`, { json: { messages: ["hello"] } }),
    await rider.refused("GET", `${path}/messages`),
    await rider.refused("GET", `${path}/listen`),
    await rider.refused("DELETE", path),
  ];
  expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
  expect(await listStreams(rider)).toEqual([]);
});
