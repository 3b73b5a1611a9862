import { expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { append, listStreams, readStream, textsIn } from "./streams.ts";

const service = useService();
const JSON_BODY = { "Content-Type": "application/json" };
const KB_100 = 100 * 1024;

const post = (json: unknown) => service.rider.send<object>("POST", "/api/streams/ride/messages", json);
const refused = (json: unknown) => service.rider.refused("POST", "/api/streams/ride/messages", { json });

test("a text is stored as it was sent, with the time at which it arrived", async () => {
  const { rider, app } = service;
  const text = '{ "power": 250.0, "note": "1e2 \\u00e9\\n" }';
  const answer = await post({ message: text });
  const messages = await readStream(rider, "ride");
  expect(messages).toEqual([{ id: expect.any(String), data: { message: text, timestamp: app.clock.time } }]);
  expect(answer).toEqual({ success: true, messageId: messages[0]?.id, streamName: "ride" });
});

test("an object is stored as its JSON text", async () => {
  const sample = { timestamp: 1_700_000_000_000, power: 250.5, cadence: null, gear: { front: 2 }, "": [1] };
  await append(service.rider, "ride", sample);
  expect(await textsIn(service.rider, "ride")).toEqual([JSON.stringify(sample)]);
});

test.each([
  "no JSON at all",
  '"text"',
  "[1]",
  "17",
  "null",
  " ",
  "line\nbreak\r\u2028",
  "\u0000",
  "🚴",
  '\\"',
])("the text %p is a message", async (text) => {
  await append(service.rider, "ride", text);
  expect(await textsIn(service.rider, "ride")).toEqual([text]);
});

test("an author stays with the message", async () => {
  await post({ message: "hello", author: "Eddy" });
  const [stored] = await readStream(service.rider, "ride");
  expect(stored?.data).toEqual({ message: "hello", timestamp: service.app.clock.time, author: "Eddy" });
});

test("messages come back in the order in which they were sent", async () => {
  const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
  for (const text of texts) await append(service.rider, "ride", text);
  expect(await textsIn(service.rider, "ride")).toEqual(texts);
});

test("each of many at once is stored once, under an id of its own", async () => {
  const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
  const ids = await Promise.all(texts.map((text) => append(service.rider, "ride", text)));
  expect(new Set(ids).size).toBe(50);
  expect((await textsIn(service.rider, "ride")).toSorted()).toEqual(texts.toSorted());
});

test.each([
  ["ASCII", "a".repeat(KB_100)],
  ["two bytes a letter", "é".repeat(KB_100 / 2)],
  ["four bytes an emoji", "🚴".repeat(KB_100 / 4)],
  ["line breaks, each two bytes in JSON", "\n".repeat(KB_100)],
])("a text may have 100 KB: %s", async (_name, text) => {
  await append(service.rider, "ride", text);
  expect(await textsIn(service.rider, "ride")).toEqual([text]);

  expect(await refused({ message: `${text}.` })).toMatchObject({ status: 413, code: "payload_too_large" });
  expect(await listStreams(service.rider)).toMatchObject([{ length: 1 }]);
});

test("an object may have 100 KB of JSON text", async () => {
  // {"note":"…"} is 11 characters around the note.
  await append(service.rider, "ride", { note: "a".repeat(KB_100 - 11) });
  expect(await refused({ message: { note: "a".repeat(KB_100 - 10) } })).toMatchObject({ status: 413 });
  expect((await textsIn(service.rider, "ride")).map((text) => text.length)).toEqual([KB_100]);
});

test("how a client escapes a text does not count: 78 KB are stored though they are 234 KB in ASCII-only JSON", async () => {
  const text = "é".repeat(40_000);
  const body = `{"message":"${"\\u00e9".repeat(40_000)}"}`;
  const init = { method: "POST", body, headers: JSON_BODY };
  expect(await service.rider.ok("/api/streams/ride/messages", init)).toMatchObject({ success: true });
  expect(await textsIn(service.rider, "ride")).toEqual([text]);
});

test("a body far too large is refused whether or not its length is announced", async () => {
  const body = JSON.stringify({ message: "a".repeat(3_000_000) });
  for (const headers of [JSON_BODY, { ...JSON_BODY, "Content-Length": String(body.length) }]) {
    expect(
      await service.rider.refused("POST", "/api/streams/ride/messages", { body, headers }),
    ).toMatchObject({
      status: 413,
      code: "payload_too_large",
    });
  }
  expect(await listStreams(service.rider)).toEqual([]);
});

test.each([[""], [[]], [["a"]], [5], [0], [true], [null]])("%j is no message", async (message) => {
  const refusal = await refused({ message });
  expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
  expect(fieldsOf(refusal)).toEqual(["message"]);
  expect(await listStreams(service.rider)).toEqual([]);
});

test.each([
  ["author", 5],
  ["author", {}],
  ["author", null],
])("an %s that is %j is none", async (field, value) => {
  const refusal = await refused({ message: "hello", [field]: value });
  expect(refusal).toMatchObject({ status: 400 });
  expect(fieldsOf(refusal)).toEqual(["author"]);
  expect(await listStreams(service.rider)).toEqual([]);
});

test.each([[{}], [{ power: 250 }], [[]], ["hello"], [7], [null]])(
  "the body %j has no message",
  async (body) => {
    expect(await refused(body)).toMatchObject({ status: 400, code: "invalid_input" });
    expect(await listStreams(service.rider)).toEqual([]);
  },
);

test.each(["{", "message=hello", "{'message': 'hello'}", '{"message": "a"} {}'])(
  "the body %p is not JSON",
  async (body) => {
    const init = { body, headers: JSON_BODY };
    expect(await service.rider.refused("POST", "/api/streams/ride/messages", init)).toMatchObject({
      status: 400,
      code: "malformed_json",
    });
    expect(await listStreams(service.rider)).toEqual([]);
  },
);

test("an object nested beyond measure is the sender's mistake, not ours", async () => {
  const body = `{"message":{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}}`;
  const response = await service.rider.request("/api/streams/ride/messages", {
    method: "POST",
    body,
    headers: JSON_BODY,
  });
  expect([200, 400, 413]).toContain(response.status);
}, 30_000);
