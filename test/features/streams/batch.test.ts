import { describe, expect, test } from "bun:test";
import { fieldsOf, useService } from "../../support/accounts.ts";
import { type BatchAnswer, listStreams, NDJSON, readStream, sendBatch, textsIn } from "./streams.ts";

const service = useService();
const PATH = "/api/streams/ride/messages/batch";
const JSON_BODY = { "Content-Type": "application/json" };
const MB_2 = 2 * 1024 * 1024;

const sendLines = (body: string) =>
  service.rider.ok<BatchAnswer>(PATH, { method: "POST", body, headers: NDJSON });
const linesRefused = (body: string) => service.rider.refused("POST", PATH, { body, headers: NDJSON });
const refused = (json: unknown) => service.rider.refused("POST", PATH, { json });

async function expectNothingStored(): Promise<void> {
  expect(await listStreams(service.rider)).toEqual([]);
}

/** Lines of `{"timestamp":1,"note":"…"}` that take exactly so many bytes, each with its newline. */
function linesOfSize(bytes: number): string {
  const line = 64 * 1024;
  const whole = Math.floor((bytes - 100) / line);
  const sizes = [...Array.from({ length: whole }, () => line), bytes - whole * line];
  return sizes.map((size) => `{"timestamp":1,"note":"${"a".repeat(size - 26)}"}\n`).join("");
}

describe("as JSON", () => {
  test("texts, samples and messages with an author are stored in order", async () => {
    const messages = [
      '{"timestamp": 1.50}',
      { timestamp: 5, power: 200 },
      { message: "no sample", author: "Eddy" },
      { message: { timestamp: 6, power: 300 }, author: "Eddy" },
      { message: { timestamp: 7, power: 400 } },
      { message: "a sample of its own", timestamp: 8 },
    ];
    const answer = await sendBatch(service.rider, "ride", messages);
    const stored = await readStream(service.rider, "ride");
    const timestamp = service.app.clock.time;
    expect(stored.map(({ data }) => data)).toEqual([
      { message: '{"timestamp": 1.50}', timestamp },
      { message: '{"timestamp":5,"power":200}', timestamp },
      { message: "no sample", timestamp, author: "Eddy" },
      { message: '{"timestamp":6,"power":300}', timestamp, author: "Eddy" },
      { message: '{"timestamp":7,"power":400}', timestamp },
      { message: '{"message":"a sample of its own","timestamp":8}', timestamp },
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
      const refusal = await refused({ messages: ["a", { timestamp: 1 }, bad, "b"] });
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

  test("a text that is no JSON object needs no timestamp", async () => {
    const texts = ["hello", "[1]", "5", "null", '"{}"', "{power: 1}", '{"power":1', "{}{}"];
    await sendBatch(service.rider, "ride", texts);
    expect(await textsIn(service.rider, "ride")).toEqual(texts);
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
    const lines = ['{"timestamp":1,"power":1.50}', '{ "timestamp" : 2e2 }', '{"message":"x","timestamp":3}'];
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
    const body = '\n\r\n{"timestamp":1}\r\n   \n\n{"timestamp":2}\r\n\t\n{"timestamp":3}';
    expect(await sendLines(body)).toMatchObject({ accepted: 3 });
    expect(await textsIn(service.rider, "ride")).toEqual([
      '{"timestamp":1}',
      '{"timestamp":2}',
      '{"timestamp":3}',
    ]);
  });

  test("a byte order mark does not count", async () => {
    expect(await sendLines('\uFEFF{"timestamp":1}\n')).toMatchObject({ accepted: 1 });
    expect(await textsIn(service.rider, "ride")).toEqual(['{"timestamp":1}']);
  });

  test("the content type may have parameters and any case", async () => {
    const headers = { "Content-Type": "Application/X-NDJSON; charset=utf-8" };
    const init = { method: "POST", body: '{"timestamp":1}\n{"timestamp":2}', headers };
    expect(await service.rider.ok<BatchAnswer>(PATH, init)).toMatchObject({ accepted: 2 });
  });

  test.each(["{", "power=5", "{'timestamp': 5}", '{"timestamp":5}{"timestamp":6}', "5", "null", "[1]", '""'])(
    "with the line %p nothing is stored, and the line is named",
    async (bad) => {
      const refusal = await linesRefused(`{"timestamp":1}\n{"timestamp":2}\n${bad}\n{"timestamp":4}\n`);
      expect(refusal).toMatchObject({ status: 400, code: "invalid_input" });
      expect(fieldsOf(refusal)).toEqual(["line 3"]);
      await expectNothingStored();
    },
  );

  test("5,000 lines are the most", async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `{"timestamp":${index}}\n`);
    expect(await sendLines(lines.join("\n"))).toMatchObject({ accepted: 5000 });
    expect(await linesRefused(`${lines.join("")}{"timestamp":1}\n`)).toMatchObject({
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
    const line = `{"timestamp":2,"note":"${"a".repeat(100 * 1024)}"}`;
    expect(await linesRefused(`{"timestamp":1}\n${line}\n`)).toMatchObject({ status: 413 });
    await expectNothingStored();
  });
});

describe("each sample has a timestamp of its own", () => {
  const BAD = [
    "",
    '"timestamp":null,',
    '"timestamp":"soon",',
    '"timestamp":8.65e18,',
    '"timestamp":"2026-06-01",',
    '"timestamp":{},',
  ];
  const GOOD = [
    "1780315200000",
    "1780315200.5",
    "0",
    '"1780315200000"',
    '"2026-06-01T12:00:00Z"',
    '"2026-06-01 14:00:00+02:00"',
  ];
  const WAYS: [string, string, (sample: string) => [body: string, headers: Record<string, string>]][] = [
    ["an object", "messages.1", (sample) => [`{"messages":["a",${sample}]}`, JSON_BODY]],
    [
      "with an author",
      "messages.1",
      (sample) => [`{"messages":["a",{"message":${sample},"author":"b"}]}`, JSON_BODY],
    ],
    ["its text", "messages.1", (sample) => [JSON.stringify({ messages: ["a", ` ${sample}\n`] }), JSON_BODY]],
    [
      "its text with an author",
      "messages.1",
      (sample) => [JSON.stringify({ messages: ["a", { message: sample, author: "b" }] }), JSON_BODY],
    ],
    ["a line", "line 3", (sample) => [`"a"\n\n${sample}\n`, NDJSON]],
    ["a line with an author", "line 3", (sample) => [`"a"\n\n{"message":${sample},"author":"b"}`, NDJSON]],
    ["its text in a line", "line 3", (sample) => [`"a"\r\n\n${JSON.stringify(sample)}`, NDJSON]],
  ];

  test.each(WAYS)("else nothing is stored, and it is named: %s", async (_way, place, request) => {
    for (const timestamp of BAD) {
      const [body, headers] = request(`{${timestamp}"power":200}`);
      const refusal = await service.rider.refused("POST", PATH, { body, headers });
      expect(refusal).toMatchObject({
        status: 400,
        code: "timestamp_required",
        error: expect.stringContaining(place),
      });
      expect(fieldsOf(refusal)).toEqual([place]);
    }
    await expectNothingStored();
  });

  test.each(WAYS)("of any kind: %s", async (_way, _place, request) => {
    for (const timestamp of GOOD) {
      const [body, headers] = request(`{"timestamp":${timestamp},"power":200}`);
      expect(await service.rider.ok<BatchAnswer>(PATH, { method: "POST", body, headers })).toMatchObject({
        accepted: 2,
      });
    }
  });

  test("a sample that is posted alone may do without", async () => {
    await service.rider.send("POST", "/api/streams/ride/messages", { message: { power: 200 } });
    expect(await textsIn(service.rider, "ride")).toEqual(['{"power":200}']);
  });
});

test.each([
  [
    "too many elements",
    `{"messages":[${Array(6000).fill('{"timestamp":1780315200000}').join()},no JSON]}`,
    "application/json",
  ],
  [
    "too many lines",
    `${Array(6000).fill('{"timestamp":1780315200000}').join("\n")}\nno JSON`,
    "application/x-ndjson",
  ],
  [
    "one element far too long",
    `{"messages":[{${Array(300_000).fill('"a":1').join()},no JSON}]}`,
    "application/json",
  ],
])("of a body of %s what is beyond the limit is not even parsed", async (_, body, type) => {
  const headers = { "Content-Type": type };
  const refused = await service.rider.refused("POST", "/api/streams/ride/messages/batch", { body, headers });
  expect(refused).toMatchObject({ status: 413, code: "payload_too_large" });
});
