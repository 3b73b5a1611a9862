import { afterAll, beforeAll, expect, test } from "bun:test";
import { Hono } from "hono";
import type { AppEnv } from "../../src/http/context.ts";
import { respondToError } from "../../src/http/errors.ts";
import { createLogger } from "../../src/logger.ts";
import { createTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({ AUTH_MODE: "single-user" });
});
afterAll(() => app.close());

const patch = (
  body: RequestInit["body"] | null,
  headers: Record<string, string> = { "Content-Type": "application/json" },
) => app.request("/api/users/me", { method: "PATCH", headers, ...(body !== null && { body }) });

async function expectError(response: Response, status: number, code: string) {
  const body = (await response.json()) as { error: string; requestId: string };
  expect({ status: response.status, ...body }).toMatchObject({ status, code });
  expect(body.error).toEndWith(".");
  expect(body.requestId).toBe(response.headers.get("X-Request-Id") ?? "none");
  return body;
}

test("bad input is told field by field, with a sentence for a person", async () => {
  const json = { displayName: 5, settings: { weight: "x" } };
  const response = await app.request("/api/users/me", { method: "PATCH", json });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: expect.stringMatching(/^displayName: /),
    code: "invalid_input",
    details: [
      { field: "displayName", message: expect.any(String) },
      { field: "settings.weight", message: expect.any(String) },
    ],
    requestId: expect.any(String),
  });
});

test("an error without details has none", async () => {
  const body = await expectError(await app.request("/api/nothing"), 404, "not_found");
  expect(Object.keys(body).sort()).toEqual(["code", "error", "requestId"]);
});

test.each(['{"displayName":', "not json", "\u0000", " "])("%j is malformed JSON", async (body) => {
  await expectError(await patch(body), 400, "malformed_json");
});

test.each(["null", "[]", '"text"', "5"])("%s is no object", async (body) => {
  expect((await patch(body)).status).toBe(400);
});

test("an empty body is an empty object", async () => {
  expect((await patch(null)).status).toBe(200);
  expect((await patch("")).status).toBe(200);
  const response = await app.request("/api/api-keys", { method: "POST" });
  expect(await response.json()).toMatchObject({ code: "invalid_input", details: [{ field: "name" }] });
});

test("JSON is taken with a charset, or without a content type", async () => {
  expect((await patch("{}", { "Content-Type": "application/json; charset=utf-8" })).status).toBe(200);
  const bytes = new TextEncoder().encode('{"displayName":"Rider"}');
  const response = await patch(bytes, {});
  expect(await response.json()).toMatchObject({ user: { displayName: "Rider" } });
});

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
  "%s is not taken for JSON",
  async (type) => {
    const response = await patch("{}", { "Content-Type": type });
    const { error } = await expectError(response, 400, "invalid_input");
    expect(error).toContain(type);
  },
);

test("a body that is too large is refused, its length announced or not", async () => {
  const body = JSON.stringify({ displayName: "x".repeat(70_000) });
  const headers = { "Content-Type": "application/json" };
  await expectError(await patch(body, headers), 413, "payload_too_large");
  await expectError(
    await patch(body, { ...headers, "Content-Length": `${body.length}` }),
    413,
    "payload_too_large",
  );
  const chunks = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10_000).fill(32)),
  });
  await expectError(await patch(chunks, headers), 413, "payload_too_large");
});

test("a 401 says how to log in", async () => {
  const required = await createTestApp();
  try {
    const response = await required.request("/api/users/me");
    expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
    await expectError(response, 401, "unauthenticated");
  } finally {
    await required.close();
  }
});

test("a request id of the client is kept", async () => {
  const response = await app.request("/api/nothing", { headers: { "X-Request-Id": "abc-123" } });
  expect(await response.json()).toMatchObject({ requestId: "abc-123" });
});

test("what nobody foresaw shows nothing of the inside", async () => {
  const broken = new Hono<AppEnv>().onError(respondToError(createLogger("silent"))).get("/", () => {
    throw new Error("secret detail");
  });
  const response = await broken.request("/");
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    error: "Something went wrong on our side.",
    code: "internal_error",
  });
});
