import { expect, test } from "bun:test";
import { MAX_LEVELS } from "../../src/domain/nesting.ts";
import { fieldsOf, useService } from "../support/accounts.ts";

const service = useService();
const STREAM = "/api/streams/ride/messages";
const JSON_BODY = { "Content-Type": "application/json" };
const NDJSON = { "Content-Type": "application/x-ndjson" };
const NOON = Date.UTC(2026, 5, 1, 12);

/** A sample of so many levels, itself the first. */
const sample = (levels: number) =>
  `{"timestamp":${NOON},"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;

/** Every way in which a sample is sent. */
const WAYS: [string, (sample: string) => { path: string; body: string; headers: Record<string, string> }][] =
  [
    ["an object", (sample) => ({ path: STREAM, body: `{"message":${sample}}`, headers: JSON_BODY })],
    [
      "a text",
      (text) => ({ path: STREAM, body: JSON.stringify({ message: ` ${text}` }), headers: JSON_BODY }),
    ],
    [
      "in a batch",
      (text) => ({ path: `${STREAM}/batch`, body: `{"messages":[${text}]}`, headers: JSON_BODY }),
    ],
    [
      "in a batch, with an author",
      (text) => ({
        path: `${STREAM}/batch`,
        body: `{"messages":["a",{"message":${text},"author":"b"}]}`,
        headers: JSON_BODY,
      }),
    ],
    [
      "a text in a batch",
      (text) => ({ path: `${STREAM}/batch`, body: JSON.stringify({ messages: [text] }), headers: JSON_BODY }),
    ],
    ["a line", (text) => ({ path: `${STREAM}/batch`, body: `"a"\n${text}\n`, headers: NDJSON })],
    [
      "a line with an author",
      (text) => ({ path: `${STREAM}/batch`, body: `"a"\n{"message":${text},"author":"b"}`, headers: NDJSON }),
    ],
    [
      "a text as a line",
      (text) => ({ path: `${STREAM}/batch`, body: `"a"\n${JSON.stringify(text)}`, headers: NDJSON }),
    ],
  ];

test.each(WAYS)("a sample may nest 64 levels deep and no deeper: %s", async (_way, request) => {
  const post = (text: string) => {
    const { path, ...init } = request(text);
    return service.rider.request(path, { method: "POST", ...init });
  };
  expect((await post(sample(MAX_LEVELS))).status).toBe(200);
  const refused = await post(sample(MAX_LEVELS + 1));
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ code: "invalid_input", error: expect.stringContaining("64") });
});

test("of a line that nests too deep the number is told, and nothing of the batch is stored", async () => {
  const body = `${sample(2)}\n\n${sample(51_000)}\n`;
  const refusal = await service.rider.refused("POST", `${STREAM}/batch`, { body, headers: NDJSON });
  expect(fieldsOf(refusal)).toEqual(["line 3"]);
  expect(await service.rider.ok<{ streams: object[] }>("/api/streams")).toEqual({ streams: [] });
});

test.each([
  ["PATCH", "/api/users/me", "settings"],
  ["POST", "/api/workouts", "title"],
  ["POST", "/api/api-keys", "name"],
  ["POST", "/api/auth/login", "email"],
  ["POST", "/api/streams/create", "streamName"],
])("what else is sent may not nest deeper either: %s %s", async (method, path, field) => {
  const nested = (levels: number) => `{"${field}":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;
  for (const levels of [MAX_LEVELS, 1000, 10_000]) {
    expect(
      await service.rider.refused(method, path, { body: nested(levels), headers: JSON_BODY }),
    ).toMatchObject({ status: 400, code: "invalid_input", error: expect.stringContaining("64 levels") });
  }
});

test("settings may nest as deep as a body may", async () => {
  const settings = JSON.parse(`${'{"a":'.repeat(MAX_LEVELS - 1)}1${"}".repeat(MAX_LEVELS - 1)}`) as object;
  await service.rider.send("PATCH", "/api/users/me", { settings });
  const { user } = await service.rider.ok<{ user: { settings: object } }>("/api/users/me");
  expect(user.settings).toEqual(settings);
});

test.each(WAYS)("100 KB of nesting hold nobody up: %s", async (_way, request) => {
  const { path, ...init } = request(sample(51_000));
  const began = performance.now();
  expect((await service.rider.request(path, { method: "POST", ...init })).status).toBe(400);
  // Walking the value took one to three seconds.
  expect(performance.now() - began).toBeLessThan(200);
});
