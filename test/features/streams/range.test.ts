import { expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { append, readStream, type StoredMessage, sendBatch, textsIn } from "./streams.ts";

const service = useService();

/** Three messages of one millisecond, two of the next second. */
async function fiveMessages(): Promise<string[]> {
  const { rider } = service;
  service.wait(1000);
  const ids = [
    await append(rider, "ride", "a"),
    await append(rider, "ride", "b"),
    await append(rider, "ride", "c"),
  ];
  service.wait(1000);
  return [...ids, await append(rider, "ride", "d"), await append(rider, "ride", "e")];
}

test("without any bounds everything is there, oldest first", async () => {
  const ids = await fiveMessages();
  const body = await service.rider.ok<{ streamName: string; messages: StoredMessage[] }>(
    "/api/streams/ride/messages",
  );
  expect(Object.keys(body).sort()).toEqual(["messages", "streamName"]);
  expect(body.streamName).toBe("ride");
  expect(body.messages.map(({ id }) => id)).toEqual(ids);
  expect(await textsIn(service.rider, "ride", "?start=-&end=%2B")).toEqual(["a", "b", "c", "d", "e"]);
});

test("both bounds are in", async () => {
  const [, b, c, d] = await fiveMessages();
  expect(await textsIn(service.rider, "ride", `?start=${b}`)).toEqual(["b", "c", "d", "e"]);
  expect(await textsIn(service.rider, "ride", `?end=${c}`)).toEqual(["a", "b", "c"]);
  expect(await textsIn(service.rider, "ride", `?start=${b}&end=${d}`)).toEqual(["b", "c", "d"]);
  expect(await textsIn(service.rider, "ride", `?start=${c}&end=${c}`)).toEqual(["c"]);
  expect(await textsIn(service.rider, "ride", `?start=${d}&end=${b}`)).toEqual([]);
});

test("an id without a sequence means its whole millisecond", async () => {
  await fiveMessages();
  const late = service.app.clock.time;
  const early = late - 1000;
  expect(await textsIn(service.rider, "ride", `?start=${early}&end=${early}`)).toEqual(["a", "b", "c"]);
  expect(await textsIn(service.rider, "ride", `?start=${early + 1}`)).toEqual(["d", "e"]);
  expect(await textsIn(service.rider, "ride", `?end=${late - 1}`)).toEqual(["a", "b", "c"]);
});

test("count takes the oldest so many; pages go on after the last id", async () => {
  const texts = Array.from({ length: 7 }, (_, index) => `message ${index}`);
  await sendBatch(service.rider, "ride", texts);
  const read: string[] = [];
  let start = "-";
  for (;;) {
    const page = await readStream(service.rider, "ride", `?start=${start}&count=3`);
    read.push(...page.map(({ data }) => data.message));
    const last = page.at(-1);
    if (!last || page.length < 3) break;
    const [milliseconds, sequence] = last.id.split("-");
    start = `${milliseconds}-${Number(sequence) + 1}`;
  }
  expect(read).toEqual(texts);
});

test("100 come unless more are asked for, 1,000 at the most", async () => {
  await sendBatch(
    service.rider,
    "ride",
    Array.from({ length: 1001 }, (_, index) => `${index}`),
  );
  expect(await readStream(service.rider, "ride", "")).toHaveLength(100);
  expect(await readStream(service.rider, "ride", "?count=1")).toHaveLength(1);
  const thousand = await textsIn(service.rider, "ride", "?count=1000");
  expect(thousand).toHaveLength(1000);
  expect(thousand.at(-1)).toBe("999");
});

test.each([
  ["count", "0"],
  ["count", "1001"],
  ["count", "-1"],
  ["count", "1.5"],
  ["count", "many"],
  ["count", ""],
  ["start", "yesterday"],
  ["start", "-1"],
  ["start", "1-"],
  ["start", "1-2-3"],
  ["start", "1.5-0"],
  ["start", ""],
  ["end", "(5-0"],
  ["end", "1-x"],
  ["end", "99999999999999999999-0"],
])("%s=%s is refused", async (parameter, value) => {
  await append(service.rider, "ride", "hello");
  const refusal = await service.rider.refused("GET", `/api/streams/ride/messages?${parameter}=${value}`);
  expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
  expect(fieldsOf(refusal)).toEqual([parameter]);
});

test("all that is wrong is named at once", async () => {
  const refusal = await service.rider.refused("GET", "/api/streams/ride/messages?start=x&end=y&count=0");
  expect(fieldsOf(refusal)).toEqual(["start", "end", "count"]);
});

test("an empty stream has no messages, one that is not there is 404", async () => {
  await service.rider.send("POST", "/api/streams/create", { streamName: "ride" });
  expect(await readStream(service.rider, "ride")).toEqual([]);
  expect(await service.rider.refused("GET", "/api/streams/other/messages")).toMatchObject({
    status: 404,
    code: "stream_not_found",
  });
});

test("the contract's own address, its plus not encoded, means the whole stream", async () => {
  await append(service.rider, "ride", "one");
  const { messages } = await service.rider.ok<{ messages: unknown[] }>(
    "/api/streams/ride/messages?start=-&end=+&count=100",
  );
  expect(messages).toHaveLength(1);
});

test("messages of any size and any text come as they were sent, author and all", async () => {
  const { rider } = service;
  const texts = [
    "x".repeat(100_000),
    'é\u0000\n\ud800 "quoted" \\ 🚴',
    ...Array.from({ length: 40 }, (_, n) => "é".repeat(45_000 + n)),
  ];
  for (const message of texts) {
    await rider.send("POST", "/api/streams/ride/messages", { message, author: 'the "first"' });
  }
  const messages = await readStream(rider, "ride");
  expect(messages.map(({ data }) => data)).toEqual(
    texts.map((message) => ({ message, timestamp: expect.any(Number), author: 'the "first"' })),
  );
});

test("a stream that is deleted while it is read breaks the answer off", async () => {
  const { app, rider } = service;
  await sendBatch(
    rider,
    "ride",
    Array.from({ length: 400 }, (_, n) => `${n}`.padEnd(5000)),
  );
  const response = await rider.request("/api/streams/ride/messages?count=1000");
  expect(response.status).toBe(200);
  await app.deps.buffer.delete({ owner: rider.userId, name: "ride" });
  await expect(response.text()).rejects.toThrow();
});

test("HEAD tells what GET would", async () => {
  await append(service.rider, "ride", "one");
  const ask = (name: string) => service.rider.request(`/api/streams/${name}/messages`, { method: "HEAD" });
  expect((await ask("ride")).status).toBe(200);
  expect((await ask("ride")).headers.get("Content-Type")).toBe("application/json");
  expect((await ask("other")).status).toBe(404);
});
