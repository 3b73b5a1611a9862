import { afterEach, beforeEach, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { SignJWT } from "jose";
import { apiKeys, refreshTokens } from "../../../src/db/schema.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { type Account, createKey, listKeys, post, register, statusOf } from "./accounts.ts";

const SECRET = "a secret of the test, long enough to sign";

let app: TestApp;
let account: Account;
beforeEach(async () => {
  app = await createTestApp({ JWT_SECRET: SECRET, REGISTRATION: "open" });
  account = await register(app);
});
afterEach(() => app.close());

test("an access token lasts 900 seconds, cached or not", async () => {
  const token = account.accessToken;
  app.clock.time += 899_000;
  expect(await statusOf(app, { token })).toBe(200);
  app.clock.time += 999;
  expect(await statusOf(app, { token })).toBe(200);
  app.clock.time += 1;
  expect(await statusOf(app, { token })).toBe(401);
});

test("a token is remembered for a minute without asking the database, and then is not", async () => {
  const token = account.accessToken;
  expect(await statusOf(app, { token })).toBe(200);
  // Behind the service's back, so that nothing is forgotten.
  await app.deps.database.update(refreshTokens).set({ revokedAt: new Date(app.clock.time) });
  app.clock.time += 59_999;
  expect(await statusOf(app, { token })).toBe(200);
  app.clock.time += 1;
  expect(await statusOf(app, { token })).toBe(401);
});

type Claims = { sub?: string; sid?: string; iss?: string; aud?: string; exp?: number };

function sign(claims: Claims, { secret = SECRET, alg = "HS256" as const } = {}): Promise<string> {
  const payload = {
    iss: "bike-power-tracker",
    aud: "bike-power-tracker-api",
    exp: app.clock.time / 1000 + 60,
  };
  return new SignJWT({ ...payload, ...claims })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));
}

test("only tokens of this service, for a living session, are taken", async () => {
  const session = await app.deps.database.query.refreshTokens.findFirst();
  const good = { sub: account.user.id, sid: session?.familyId ?? "" };
  expect(await statusOf(app, { token: await sign(good) })).toBe(200);

  const stranger = await register(app, "stranger@example.org");
  const bad = [
    await sign(good, { secret: `${SECRET}!` }),
    await sign({ ...good, iss: "somebody-else" }),
    await sign({ ...good, aud: "something-else" }),
    await sign({ ...good, exp: app.clock.time / 1000 }),
    await sign({ ...good, sid: Bun.randomUUIDv7() }),
    await sign({ ...good, sub: stranger.user.id }),
    await sign({ sub: good.sub }),
    `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ ...good, exp: 1e12 }))}.`,
    account.refreshToken,
    "",
    "...",
    "nonsense",
  ];
  for (const token of bad) expect(await statusOf(app, { token })).toBe(401);
});

test("an API key works as such, and not as a bearer token", async () => {
  const { key } = await createKey(app, account.accessToken);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  expect(await statusOf(app, { token: key })).toBe(401);
  expect(await statusOf(app, { apiKey: account.accessToken })).toBe(401);
  for (const apiKey of ["", "bpt_", `${key}x`, key.slice(0, -1)]) {
    expect(await statusOf(app, { apiKey })).toBe(401);
  }
});

test("an API key expires on the millisecond, cached or not", async () => {
  const expiresAt = new Date(app.clock.time + 30_000).toISOString();
  const { key } = await createKey(app, account.accessToken, { expiresAt });
  app.clock.time += 29_999;
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  app.clock.time += 1;
  expect(await statusOf(app, { apiKey: key })).toBe(401);
});

test("an API key is remembered for a minute without asking the database", async () => {
  const { id, key } = await createKey(app, account.accessToken);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  await app.deps.database.delete(apiKeys).where(eq(apiKeys.id, id));
  app.clock.time += 59_999;
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  app.clock.time += 1;
  expect(await statusOf(app, { apiKey: key })).toBe(401);
});

test("the last use of a key is written at most once a minute, and shown at once", async () => {
  const { key } = await createKey(app, account.accessToken);
  const start = app.clock.time;
  const lastUse = async () => (await listKeys(app, account.accessToken))[0]?.lastUsedAt ?? null;
  expect(await lastUse()).toBeNull();
  await statusOf(app, { apiKey: key });
  expect(await lastUse()).toBe(new Date(start).toISOString());
  app.clock.time = start + 59_999;
  await statusOf(app, { apiKey: key });
  expect(await lastUse()).toBe(new Date(start).toISOString());
  app.clock.time = start + 60_000;
  await statusOf(app, { apiKey: key });
  expect(await lastUse()).toBe(new Date(start + 60_000).toISOString());
});

test("a restart does not make the last use of a key be written more often", async () => {
  const { key } = await createKey(app, account.accessToken);
  const start = app.clock.time;
  for (const time of [start, start + 59_999]) {
    app.clock.time = time;
    expect(await statusOf(app, { apiKey: key })).toBe(200);
    await app.reopen();
  }
  const [row] = await app.deps.database.select().from(apiKeys);
  expect(row?.lastUsedAt?.getTime()).toBe(start);
});

test("the last uses of several keys are written when the service stops", async () => {
  const keys = [await createKey(app, account.accessToken), await createKey(app, account.accessToken)];
  for (const { key } of keys) await statusOf(app, { apiKey: key });
  await app.reopen();
  const listed = await app.deps.database.select().from(apiKeys);
  expect(listed.map((row) => row.lastUsedAt?.getTime())).toEqual([app.clock.time, app.clock.time]);
});

test("revoking a key takes effect at once", async () => {
  const { id, key } = await createKey(app, account.accessToken);
  const other = await createKey(app, account.accessToken);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  const response = await app.request(`/api/api-keys/${id}`, { method: "DELETE", token: account.accessToken });
  expect(response.status).toBe(204);
  expect(await statusOf(app, { apiKey: key })).toBe(401);
  expect(await statusOf(app, { apiKey: other.key })).toBe(200);
});

test("many requests with one credential at once all pass", async () => {
  const { key } = await createKey(app, account.accessToken);
  const answers = await Promise.all(Array.from({ length: 100 }, () => statusOf(app, { apiKey: key })));
  expect(new Set(answers)).toEqual(new Set([200]));
});

test("a made-up secret keeps tokens good over a restart", async () => {
  const fresh = await createTestApp();
  try {
    const { accessToken } = await register(fresh);
    await fresh.reopen();
    expect(await statusOf(fresh, { token: accessToken })).toBe(200);
    expect((await post(fresh, "/api/auth/logout", { refreshToken: "x" }, accessToken)).status).toBe(204);
  } finally {
    await fresh.close();
  }
});
