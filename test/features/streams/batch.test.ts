import { describe, expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { type BatchAnswer, listStreams, NDJSON, readStream, sendBatch, textsIn } from "./streams.ts";

const service = useService();
const PATH = "/api/streams/ride/messages/batch";
const MB_2 = 2 * 1024 * 1024;

const sendLines = (body: string) =>
  service.rider.ok<BatchAnswer>(PATH, { method: "POST", body, headers: NDJSON });
const linesRefused = (body: string) => service.rider.refused("POST", PATH, { body, headers: NDJSON });
const refused = (json: unknown) => service.rider.refused("POST", PATH, { json });

async function expectNothingStored(): Promise<void> {
  expect(await listStreams(service.rider)).toEqual([]);
}

/** Lines of `{"note":"…"}` that take exactly so many bytes, each with its newline. */
function linesOfSize(bytes: number): string {
  const line = 64 * 1024;
  const whole = Math.floor((bytes - 100) / line);
  const sizes = [...Array.from({ length: whole }, () => line), bytes - whole * line];
  return sizes.map((size) => `{"note":"${"a".repeat(size - 12)}"}\n`).join("");
}

describe("as JSON", () => {
  test("texts, samples and messages with an author are stored in order", async () => {
    const messages = [
      '{"power": 1.50}',
      { timestamp: 5, power: 200 },
      { message: "no sample", author: "Eddy" },
      { message: { power: 300 }, author: "Eddy" },
      { message: { power: 400 } },
      { message: "a sample of its own", power: 500 },
    ];
    const answer = await sendBatch(service.rider, "ride", messages);
    const stored = await readStream(service.rider, "ride");
    const timestamp = service.app.clock.time;
    expect(stored.map(({ data }) => data)).toEqual([
      { message: '{"power": 1.50}', timestamp },
      { message: '{"timestamp":5,"power":200}', timestamp },
      { message: "no sample", timestamp, author: "Eddy" },
      { message: '{"power":300}', timestamp, author: "Eddy" },
      { message: '{"power":400}', timestamp },
      { message: '{"message":"a sample of its own","power":500}', timestamp },
    ]);
    expect(answer).toEqual({
      success: true,
      accepted: 6,
      firstMessageId: stored[0]?.id ?? "",
      lastMessageId: stored[5]?.id ?? "",
      streamName: "ride",
    });
  });

  test("one message makes a batch", async () => {
    const { firstMessageId, lastMessageId, accepted } = await sendBatch(service.rider, "ride", ["a"]);
    expect(accepted).toBe(1);
    expect(firstMessageId).toBe(lastMessageId);
  });

  test("5,000 messages are the most", async () => {
    const messages = Array.from({ length: 5000 }, (_, index) => ({ timestamp: index }));
    expect(await sendBatch(service.rider, "ride", messages)).toMatchObject({ accepted: 5000 });
    expect(await refused({ messages: [...messages, { timestamp: 5000 }] })).toMatchObject({
      status: 413,
      code: "payload_too_large",
    });
    expect(await listStreams(service.rider)).toMatchObject([{ length: 5000 }]);
  });

  test.each([[5], [null], [true], [[]], [[1]], [""]])(
    "with %j in it nothing is stored, and the place is named",
    async (bad) => {
      const refusal = await refused({ messages: ["a", { power: 1 }, bad, "b"] });
      expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
      expect(fieldsOf(refusal)).toEqual(["messages.2"]);
      await expectNothingStored();
    },
  );

  test.each([
    [{ message: "" }],
    [{ message: "", author: "Eddy" }],
    [{ message: null }],
    [{ message: 5 }],
    [{ message: [1] }],
    [{ message: "hello", author: 5 }],
    [{ message: "hello", author: {} }],
  ])("%j would be refused alone, and may not be stored as something else in a batch", async (item) => {
    const alone = await service.rider.refused("POST", "/api/streams/other/messages", { json: item });
    expect(alone.status).toBe(400);
    const response = await service.rider.request(PATH, { method: "POST", json: { messages: [item] } });
    if (response.status === 400) return expectNothingStored();
    // Taken for a sample of its own: then it is stored as such, whole.
    expect(await readStream(service.rider, "ride")).toEqual([
      { id: expect.any(String), data: { message: JSON.stringify(item), timestamp: service.app.clock.time } },
    ]);
  });

  test.each([[{ messages: [] }], [{}], [{ messages: "a" }], [{ messages: { 0: "a" } }], [[]], ["a"], [null]])(
    "%j is no batch",
    async (body) => {
      expect(await refused(body)).toMatchObject({ status: 400, code: "invalid_input" });
      await expectNothingStored();
    },
  );

  test("no body is no batch", async () => {
    expect(await service.rider.refused("POST", PATH)).toMatchObject({ status: 400 });
    await expectNothingStored();
  });

  test("malformed JSON is no batch", async () => {
    const init = { body: '{"messages":["a"', headers: { "Content-Type": "application/json" } };
    expect(await service.rider.refused("POST", PATH, init)).toMatchObject({
      status: 400,
      code: "malformed_json",
    });
    await expectNothingStored();
  });

  test("with one message beyond 100 KB nothing is stored", async () => {
    const large = "a".repeat(100 * 1024);
    expect(await refused({ messages: ["a", `${large}a`] })).toMatchObject({ status: 413 });
    await expectNothingStored();
    expect(await sendBatch(service.rider, "ride", ["a", large])).toMatchObject({ accepted: 2 });
  });

  test("nesting beyond measure is the sender's mistake, not ours", async () => {
    const body = `{"messages":["a",{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}]}`;
    const init = { method: "POST", body, headers: { "Content-Type": "application/json" } };
    const response = await service.rider.request(PATH, init);
    expect([200, 400, 413]).toContain(response.status);
    expect(await listStreams(service.rider)).toHaveLength(response.ok ? 1 : 0);
  });
});

describe("as NDJSON", () => {
  test("one sample a line is stored as it stands", async () => {
    const lines = ['{"timestamp":1,"power":1.50}', '{ "power" : 2e2 }', '{"message":"x","power":3}'];
    const answer = await sendLines(`${lines.join("\n")}\n`);
    const stored = await readStream(service.rider, "ride");
    expect(stored.map(({ data }) => data.message)).toEqual(lines);
    expect(answer).toEqual({
      success: true,
      accepted: 3,
      firstMessageId: stored[0]?.id ?? "",
      lastMessageId: stored[2]?.id ?? "",
      streamName: "ride",
    });
  });

  test("the last line needs no newline; blank lines and CRLF do not count", async () => {
    const body = '\n\r\n{"power":1}\r\n   \n\n{"power":2}\r\n\t\n{"power":3}';
    expect(await sendLines(body)).toMatchObject({ accepted: 3 });
    expect(await textsIn(service.rider, "ride")).toEqual(['{"power":1}', '{"power":2}', '{"power":3}']);
  });

  test("a byte order mark does not count", async () => {
    expect(await sendLines('\uFEFF{"power":1}\n')).toMatchObject({ accepted: 1 });
    expect(await textsIn(service.rider, "ride")).toEqual(['{"power":1}']);
  });

  test("the content type may have parameters and any case", async () => {
    const headers = { "Content-Type": "Application/X-NDJSON; charset=utf-8" };
    const init = { method: "POST", body: '{"power":1}\n{"power":2}', headers };
    expect(await service.rider.ok<BatchAnswer>(PATH, init)).toMatchObject({ accepted: 2 });
  });

  test.each(["{", "power=5", "{'power': 5}", '{"power":5}{"power":6}', "5", "null", "[1]", '""'])(
    "with the line %p nothing is stored, and the line is named",
    async (bad) => {
      const refusal = await linesRefused(`{"power":1}\n{"power":2}\n${bad}\n{"power":4}\n`);
      expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
      expect(fieldsOf(refusal)).toEqual(["line 3"]);
      await expectNothingStored();
    },
  );

  test("5,000 lines are the most", async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `{"timestamp":${index}}\n`);
    expect(await sendLines(lines.join("\n"))).toMatchObject({ accepted: 5000 });
    expect(await linesRefused(`${lines.join("")}{}\n`)).toMatchObject({
      status: 413,
      code: "payload_too_large",
    });
    expect(await listStreams(service.rider)).toMatchObject([{ length: 5000 }]);
  });

  test("2 MB are the most", async () => {
    const body = linesOfSize(MB_2);
    expect(Buffer.byteLength(body)).toBe(MB_2);
    expect(await linesRefused(`${body}\n`)).toMatchObject({ status: 413, code: "payload_too_large" });
    const init = { body: `${body}\n`, headers: { ...NDJSON, "Content-Length": String(MB_2 + 1) } };
    expect(await service.rider.refused("POST", PATH, init)).toMatchObject({ status: 413 });
    await expectNothingStored();
    expect(await sendLines(body)).toMatchObject({ accepted: 32 });
  });

  test.each(["", "\n", " \r\n\n"])("%j is no batch", async (body) => {
    expect(await linesRefused(body)).toMatchObject({ status: 400, code: "invalid_input" });
    await expectNothingStored();
  });

  test("with one line beyond 100 KB nothing is stored", async () => {
    const line = `{"note":"${"a".repeat(100 * 1024)}"}`;
    expect(await linesRefused(`{"power":1}\n${line}\n`)).toMatchObject({ status: 413 });
    await expectNothingStored();
  });
});
