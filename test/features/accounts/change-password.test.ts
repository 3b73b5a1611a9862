import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestApp, type TestApp } from "../../support/app.ts";
import {
  type Account,
  codeOf,
  createKey,
  EMAIL,
  login,
  PASSWORD,
  post,
  register,
  statusOf,
} from "./accounts.ts";

const NEXT = "another password";

let app: TestApp;
let account: Account;
beforeEach(async () => {
  app = await createTestApp();
  account = await register(app);
});
afterEach(() => app.close());

const change = (json: unknown, credentials: { token?: string; apiKey?: string }) =>
  app.request("/api/users/me/password", { method: "PUT", json, ...credentials });

test("a new password replaces the old one and ends the other sessions at once", async () => {
  const other = await login(app);
  const { key } = await createKey(app, account.accessToken);
  expect(await statusOf(app, { token: other.accessToken })).toBe(200);

  const response = await change(
    { currentPassword: PASSWORD, newPassword: NEXT },
    { token: account.accessToken },
  );
  expect(response.status).toBe(204);

  expect(await statusOf(app, { token: account.accessToken })).toBe(200);
  expect((await post(app, "/api/auth/refresh", { refreshToken: account.refreshToken })).status).toBe(200);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
  expect(await statusOf(app, { token: other.accessToken })).toBe(401);
  expect((await post(app, "/api/auth/refresh", { refreshToken: other.refreshToken })).status).toBe(401);
  await login(app, EMAIL, NEXT);
  expect((await post(app, "/api/auth/login", { email: EMAIL, password: PASSWORD })).status).toBe(401);
});

test("asked with an API key, it ends every session", async () => {
  const { key } = await createKey(app, account.accessToken);
  expect((await change({ currentPassword: PASSWORD, newPassword: NEXT }, { apiKey: key })).status).toBe(204);
  expect(await statusOf(app, { token: account.accessToken })).toBe(401);
  expect(await statusOf(app, { apiKey: key })).toBe(200);
});

test("the current password must be right", async () => {
  const other = await login(app);
  const response = await change(
    { currentPassword: "wrong", newPassword: NEXT },
    { token: account.accessToken },
  );
  expect(response.status).toBe(401);
  expect(await codeOf(response)).toBe("invalid_credentials");
  expect(await statusOf(app, { token: other.accessToken })).toBe(200);
  await login(app);
});

test("of two changes at once one holds", async () => {
  const other = await login(app);
  const answers = await Promise.all([
    change({ currentPassword: PASSWORD, newPassword: "first password" }, { token: account.accessToken }),
    change({ currentPassword: PASSWORD, newPassword: "second password" }, { token: other.accessToken }),
  ]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([204, 401]);
});

test.each([
  ["newPassword", { currentPassword: PASSWORD, newPassword: "short" }],
  ["currentPassword", { newPassword: NEXT }],
])("a bad %s is refused", async (field, body) => {
  const response = await change(body, { token: account.accessToken });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ details: [{ field }] });
});
