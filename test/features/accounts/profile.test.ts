import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { users } from "../../../src/db/schema.ts";
import { readRiderContext } from "../../../src/features/accounts/rider-context.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { type Account, createKey, login, PASSWORD, post, register, statusOf } from "./accounts.ts";

let app: TestApp;
let account: Account;
beforeEach(async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  account = await register(app);
});
afterEach(() => app.close());

const patch = (json: unknown) =>
  app.request("/api/users/me", { method: "PATCH", json, token: account.accessToken });

async function patched(json: unknown): Promise<Account["user"]> {
  const response = await patch(json);
  expect(response.status).toBe(200);
  return ((await response.json()) as Account).user;
}

test("one sees oneself", async () => {
  const response = await app.request("/api/users/me", { token: account.accessToken });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ user: account.user });
});

test("a profile is changed field by field", async () => {
  app.clock.time += 1000;
  const changes = { displayName: " Rider ", avatarUrl: "https://example.org/a.png", email: "x@example.org" };
  expect(await patched(changes)).toMatchObject({
    displayName: "Rider",
    avatarUrl: "https://example.org/a.png",
    email: account.user.email,
    updatedAt: "2026-06-01T12:00:01.000Z",
  });
  expect(await patched({})).toMatchObject({ displayName: "Rider", avatarUrl: "https://example.org/a.png" });
  expect(await patched({ displayName: null, avatarUrl: null })).toMatchObject({
    displayName: null,
    avatarUrl: null,
  });
});

test("settings are merged key by key, and null removes one", async () => {
  const first = {
    units: "metric",
    timezone: "Europe/Berlin",
    maxHeartrate: 185,
    weight: 71.5,
    theme: { dark: true },
  };
  expect((await patched({ settings: first })).settings).toEqual(first);
  expect(
    (await patched({ settings: { units: "imperial", theme: null, zones: [1, null] } })).settings,
  ).toEqual({
    units: "imperial",
    timezone: "Europe/Berlin",
    maxHeartrate: 185,
    weight: 71.5,
    zones: [1, null],
  });
});

test("changes made at once are all kept", async () => {
  await Promise.all(
    Array.from({ length: 10 }, (_, index) => patched({ settings: { [`key${index}`]: index } })),
  );
  expect(Object.keys((await patched({})).settings)).toHaveLength(10);
});

test.each([
  ["displayName", { displayName: "" }],
  ["displayName", { displayName: "x".repeat(101) }],
  ["displayName", { displayName: 5 }],
  ["avatarUrl", { avatarUrl: "javascript:alert(1)" }],
  ["avatarUrl", { avatarUrl: "not a url" }],
  ["avatarUrl", { avatarUrl: `https://example.org/${"x".repeat(2048)}` }],
  ["settings", { settings: [] }],
  ["settings", { settings: null }],
  ["settings", { settings: "text" }],
  ["settings.units", { settings: { units: "nautical" } }],
  ["settings.timezone", { settings: { timezone: "Mars/Olympus" } }],
  ["settings.timezone", { settings: { timezone: "+01:00" } }],
  ["settings.maxHeartrate", { settings: { maxHeartrate: 59 } }],
  ["settings.maxHeartrate", { settings: { maxHeartrate: "180" } }],
  ["settings.restingHeartrate", { settings: { restingHeartrate: 19 } }],
  ["settings.restingHeartrate", { settings: { restingHeartrate: "50" } }],
  ["settings.thresholdHeartrate", { settings: { thresholdHeartrate: 251 } }],
  ["settings.criticalPower", { settings: { criticalPower: 0 } }],
  // In kJ.
  ["settings.wPrime", { settings: { wPrime: 20 } }],
  ["settings.wPrime", { settings: { wPrime: 100_001 } }],
  ["settings.weight", { settings: { weight: 301 } }],
  ["settings", { settings: { notes: "x".repeat(16 * 1024) } }],
])("%#: a bad %s is refused", async (field, body) => {
  const response = await patch(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_input", details: [{ field }] });
});

test("settings do not grow beyond 16 KB by many small changes", async () => {
  await patched({ settings: { a: "x".repeat(10_000) } });
  expect((await patch({ settings: { b: "x".repeat(10_000) } })).status).toBe(400);
  await patched({ settings: { a: null, b: "x".repeat(10_000) } });
});

describe("heart rates", () => {
  const SET = { maxHeartrate: 185, restingHeartrate: 50, thresholdHeartrate: 165 };

  test("can be set together, one after the other and with a threshold at the maximum", async () => {
    expect((await patched({ settings: SET })).settings).toEqual(SET);
    await patched({ settings: { restingHeartrate: null, thresholdHeartrate: 185 } });
    expect((await patched({ settings: { restingHeartrate: 48 } })).settings).toEqual({
      ...SET,
      restingHeartrate: 48,
      thresholdHeartrate: 185,
    });
  });

  test.each([
    [{ thresholdHeartrate: 186 }, "thresholdHeartrate", "186 must not be above maxHeartrate, which is 185"],
    [{ maxHeartrate: 160 }, "thresholdHeartrate", "165 must not be above maxHeartrate, which is 160"],
    [
      { restingHeartrate: 80, thresholdHeartrate: 80 },
      "restingHeartrate",
      "80 must be below thresholdHeartrate, which is 80",
    ],
    [
      { maxHeartrate: 60, restingHeartrate: 60, thresholdHeartrate: null },
      "restingHeartrate",
      "60 must be below maxHeartrate, which is 60",
    ],
  ])(
    "%#: that contradict those there are, are refused, and nothing is kept",
    async (settings, field, message) => {
      await patched({ settings: SET });
      const response = await patch({ displayName: "Rider", settings });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: "invalid_input",
        error: `settings.${field}: ${message}`,
        details: [{ field: `settings.${field}`, message }],
      });
      expect(await patched({})).toMatchObject({ displayName: null, settings: SET });
    },
  );

  test("that an app kept before they meant anything count for nothing, and are in nobody's way", async () => {
    const kept = { restingHeartrate: 190, thresholdHeartrate: "170", maxHeartrate: 185 };
    await app.deps.database.update(users).set({ settings: kept });
    expect((await patched({ settings: { units: "metric" } })).settings).toEqual({ ...kept, units: "metric" });
    expect(await readRiderContext(app.deps.database, account.user.id)).toEqual({
      timeZone: "UTC",
      heartrates: null,
    });
  });

  test("are what rides are told of their rider, once all three are set", async () => {
    const context = () => readRiderContext(app.deps.database, account.user.id);
    await patched({ settings: { timezone: "Europe/Berlin", maxHeartrate: 185, restingHeartrate: 50 } });
    expect(await context()).toEqual({ timeZone: "Europe/Berlin", heartrates: null });
    await patched({ settings: { thresholdHeartrate: 165 } });
    expect(await context()).toEqual({
      timeZone: "Europe/Berlin",
      heartrates: { max: 185, resting: 50, threshold: 165 },
    });
    expect(await readRiderContext(app.deps.database, "nobody")).toEqual({
      timeZone: "UTC",
      heartrates: null,
    });
  });
});

test("a hostile settings object stays a plain one", async () => {
  const body = '{"settings":{"__proto__":{"polluted":true},"constructor":1}}';
  const response = await app.request("/api/users/me", {
    method: "PATCH",
    body,
    headers: { "Content-Type": "application/json" },
    token: account.accessToken,
  });
  expect(response.status).toBe(200);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("deleting the account takes everything with it, at once", async () => {
  const { key } = await createKey(app, account.accessToken);
  const other = await register(app, "other@example.org");
  for (const { accessToken } of [account, other]) {
    await post(app, "/api/workouts", { streamName: "ride" }, accessToken);
    await post(app, "/api/streams/ride/messages", { message: { power: 200 } }, accessToken);
  }
  expect(await statusOf(app, { apiKey: key })).toBe(200);

  const response = await app.request("/api/users/me", { method: "DELETE", token: account.accessToken });
  expect(response.status).toBe(204);

  expect(await statusOf(app, { token: account.accessToken })).toBe(401);
  expect(await statusOf(app, { apiKey: key })).toBe(401);
  const { refreshToken } = account;
  expect((await post(app, "/api/auth/refresh", { refreshToken })).status).toBe(401);
  expect((await post(app, "/api/auth/login", { email: account.user.email, password: PASSWORD })).status).toBe(
    401,
  );
  expect(await app.deps.buffer.list(account.user.id)).toEqual([]);

  expect(await statusOf(app, { token: other.accessToken })).toBe(200);
  expect(await app.deps.buffer.list(other.user.id)).toHaveLength(1);
  expect(await app.deps.database.query.workouts.findMany()).toHaveLength(1);
});

test("who listens to a stream of a deleted account hears its end", async () => {
  await post(app, "/api/streams/create", { streamName: "ride" }, account.accessToken);
  const subscription = await app.deps.hub.subscribe(account.user.id, { streamName: "ride" });
  await app.request("/api/users/me", { method: "DELETE", token: account.accessToken });
  expect(await subscription.next()).toEqual({ type: "deleted", streamName: "ride" });
});

test("a deleted e-mail can be registered again", async () => {
  await app.request("/api/users/me", { method: "DELETE", token: account.accessToken });
  const again = await register(app);
  expect(again.user.id).not.toBe(account.user.id);
  await login(app);
});

test("an account whose streams cannot be deleted now stays, and can be deleted later", async () => {
  const { accessToken: token } = account;
  await post(app, "/api/streams/ride/messages", { message: { power: 200 } }, token);
  await app.deps.buffer.close();
  expect((await app.request("/api/users/me", { method: "DELETE", token })).status).toBe(503);
  await app.reopen();
  expect(await statusOf(app, { token })).toBe(200);
  expect((await app.request("/api/users/me", { method: "DELETE", token })).status).toBe(204);
  expect(await app.deps.buffer.list()).toEqual([]);
});
