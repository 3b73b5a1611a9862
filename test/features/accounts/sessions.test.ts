import { afterEach, beforeEach, expect, test } from "bun:test";
import { refreshTokens } from "../../../src/db/schema.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { type Account, codeOf, login, post, register, statusOf } from "./accounts.ts";

const DAY = 86_400_000;

let app: TestApp;
let account: Account;
beforeEach(async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  account = await register(app);
});
afterEach(() => app.close());

const tryToRefresh = (refreshToken: string) => post(app, "/api/auth/refresh", { refreshToken });

async function refresh(refreshToken: string): Promise<Account> {
  const response = await tryToRefresh(refreshToken);
  expect(response.status).toBe(200);
  return (await response.json()) as Account;
}

async function expectDead(refreshToken: string) {
  const response = await tryToRefresh(refreshToken);
  expect(response.status).toBe(401);
  expect(await codeOf(response)).toBe("invalid_refresh_token");
}

const logout = (refreshToken: string, token: string) =>
  post(app, "/api/auth/logout", { refreshToken }, token);

test("a refresh token is exchanged for a new pair of the same session", async () => {
  const next = await refresh(account.refreshToken);
  expect(Object.keys(next).sort()).toEqual(["accessToken", "expiresIn", "refreshToken"]);
  expect(next.expiresIn).toBe(900);
  expect(await statusOf(app, { token: next.accessToken })).toBe(200);
  expect(await statusOf(app, { token: account.accessToken })).toBe(200);
  await refresh(next.refreshToken);
});

test("a token presented twice ends its session at once, and no other", async () => {
  const other = await login(app);
  const next = await refresh(account.refreshToken);
  expect(await statusOf(app, { token: next.accessToken })).toBe(200);
  await expectDead(account.refreshToken);
  expect(await statusOf(app, { token: next.accessToken })).toBe(401);
  expect(await statusOf(app, { token: account.accessToken })).toBe(401);
  await expectDead(next.refreshToken);
  expect(await statusOf(app, { token: other.accessToken })).toBe(200);
  await refresh(other.refreshToken);
});

test("of two exchanges at once one wins, and the other counts as reuse", async () => {
  const answers = await Promise.all([tryToRefresh(account.refreshToken), tryToRefresh(account.refreshToken)]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401]);
  const winner = (await answers.find((answer) => answer.ok)?.json()) as Account;
  expect(await statusOf(app, { token: winner.accessToken })).toBe(401);
  await expectDead(winner.refreshToken);
});

test("a refresh token lives for 30 days", async () => {
  app.clock.time += 30 * DAY - 1;
  const next = await refresh(account.refreshToken);
  app.clock.time += 30 * DAY;
  await expectDead(next.refreshToken);
});

test("expired tokens make room", async () => {
  let { refreshToken } = account;
  for (let day = 0; day < 100; day += 10) {
    app.clock.time += 10 * DAY;
    ({ refreshToken } = await refresh(refreshToken));
  }
  expect(await app.deps.database.$count(refreshTokens)).toBe(3);
});

test.each([
  ["an empty one", "", 400],
  ["an unknown one", "nonsense", 401],
  ["a very long one", "x".repeat(129), 400],
])("%s is no refresh token", async (_, refreshToken, status) => {
  expect((await tryToRefresh(refreshToken)).status).toBe(status);
});

test("a missing refresh token is named", async () => {
  const response = await post(app, "/api/auth/refresh", {});
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ details: [{ field: "refreshToken" }] });
});

test("logout ends the session at once, and no other", async () => {
  const other = await login(app);
  expect(await statusOf(app, { token: account.accessToken })).toBe(200);
  expect((await logout(account.refreshToken, account.accessToken)).status).toBe(204);
  expect(await statusOf(app, { token: account.accessToken })).toBe(401);
  await expectDead(account.refreshToken);
  expect(await statusOf(app, { token: other.accessToken })).toBe(200);
});

test("logout with a token exchanged before ends what came of it", async () => {
  const next = await refresh(account.refreshToken);
  expect((await logout(account.refreshToken, next.accessToken)).status).toBe(204);
  await expectDead(next.refreshToken);
});

test("logout with an unknown token, or twice, is fine", async () => {
  const other = await login(app);
  expect((await logout("unknown", account.accessToken)).status).toBe(204);
  expect((await logout(account.refreshToken, other.accessToken)).status).toBe(204);
  expect((await logout(account.refreshToken, other.accessToken)).status).toBe(204);
});

test("nobody logs somebody else out", async () => {
  const stranger = await register(app, "stranger@example.org");
  expect((await logout(account.refreshToken, stranger.accessToken)).status).toBe(204);
  expect(await statusOf(app, { token: account.accessToken })).toBe(200);
  await refresh(account.refreshToken);
});

test("logout needs credentials", async () => {
  const response = await post(app, "/api/auth/logout", { refreshToken: account.refreshToken });
  expect(response.status).toBe(401);
  await refresh(account.refreshToken);
});

test("sessions outlive a restart, revoked ones do not come back", async () => {
  const other = await login(app);
  await logout(other.refreshToken, other.accessToken);
  await app.reopen();
  expect(await statusOf(app, { token: account.accessToken })).toBe(200);
  expect(await statusOf(app, { token: other.accessToken })).toBe(401);
  await refresh(account.refreshToken);
});
