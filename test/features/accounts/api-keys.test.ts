import { afterEach, beforeEach, expect, test } from "bun:test";
import { apiKeys } from "../../../src/db/schema.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { type Account, codeOf, createKey, listKeys, post, register, statusOf } from "./accounts.ts";

let app: TestApp;
let account: Account;
beforeEach(async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  account = await register(app);
});
afterEach(() => app.close());

test("a key is shown once; its hash is stored", async () => {
  const response = await post(
    app,
    "/api/api-keys",
    { name: " trainer ", expiresAt: "2027-01-01T01:00:00+01:00" },
    account.accessToken,
  );
  expect(response.status).toBe(201);
  const { key, ...view } = (await response.json()) as { key: string; prefix: string };
  expect(key).toMatch(/^bpt_[\w-]{43}$/);
  expect(view).toEqual({
    id: expect.any(String),
    name: "trainer",
    prefix: key.slice(0, 12),
    createdAt: "2026-06-01T12:00:00.000Z",
    expiresAt: "2027-01-01T00:00:00.000Z",
    lastUsedAt: null,
  } as never);
  expect(await listKeys(app, account.accessToken)).toEqual([view as never]);
  const stored = JSON.stringify(await app.deps.database.select().from(apiKeys));
  expect(stored).not.toContain(key);
  expect(stored).toContain(new Bun.CryptoHasher("sha256").update(key).digest("hex"));
});

test("keys are listed newest first, each rider's own", async () => {
  const stranger = await register(app, "stranger@example.org");
  await createKey(app, stranger.accessToken);
  for (const name of ["first", "second", "third"]) {
    await createKey(app, account.accessToken, { name });
    app.clock.time += 1;
  }
  const keys = await listKeys(app, account.accessToken);
  expect(keys.map((key) => key.name)).toEqual(["third", "second", "first"]);
});

test("a key can make and delete keys as well", async () => {
  const { key, id } = await createKey(app, account.accessToken);
  expect((await app.request(`/api/api-keys/${id}`, { method: "DELETE", apiKey: key })).status).toBe(204);
  expect(await statusOf(app, { apiKey: key })).toBe(401);
});

test("a key that is not there, or somebody else's, is not found", async () => {
  const stranger = await register(app, "stranger@example.org");
  const { id, key } = await createKey(app, stranger.accessToken);
  for (const path of [id, Bun.randomUUIDv7(), "nonsense"]) {
    const response = await app.request(`/api/api-keys/${path}`, {
      method: "DELETE",
      token: account.accessToken,
    });
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe("api_key_not_found");
  }
  expect(await statusOf(app, { apiKey: key })).toBe(200);
});

test("a rider has at most 100 keys", async () => {
  const { user, accessToken } = account;
  const createdAt = new Date(app.clock.time);
  const rows = Array.from({ length: 99 }, (_, index) => ({
    id: Bun.randomUUIDv7(),
    userId: user.id,
    keyHash: String(index),
    name: "old",
    prefix: "bpt_",
    createdAt,
  }));
  await app.deps.database.insert(apiKeys).values(rows);
  const names = ["hundredth", "too many"];
  const answers = await Promise.all(names.map((name) => post(app, "/api/api-keys", { name }, accessToken)));
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
  const refused = answers.find((answer) => answer.status === 409);
  expect(await refused?.json()).toMatchObject({ code: "too_many_api_keys" });
});

test.each([
  ["name", {}],
  ["name", { name: " " }],
  ["name", { name: "x".repeat(101) }],
  ["expiresAt", { name: "old", expiresAt: "2026-06-01T12:00:00.000Z" }],
  ["expiresAt", { name: "vague", expiresAt: "tomorrow" }],
  ["expiresAt", { name: "number", expiresAt: 1_900_000_000_000 }],
])("%#: a bad %s is refused", async (field, body) => {
  const response = await post(app, "/api/api-keys", body, account.accessToken);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_input", details: [{ field }] });
});
