import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { EMAIL, login, PASSWORD, post, register, statusOf } from "./accounts.ts";

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
});
afterEach(() => app.close());

test("the e-mail and the password open a session", async () => {
  await register(app);
  app.clock.time += 5000;
  const account = await login(app, " RIDER@example.org ");
  expect(account).toMatchObject({
    user: { email: EMAIL, lastLoginAt: "2026-06-01T12:00:05.000Z", updatedAt: "2026-06-01T12:00:00.000Z" },
    expiresIn: 900,
  });
  expect(JSON.stringify(account)).not.toMatch(/password|provider/i);
  expect(await statusOf(app, { token: account.accessToken })).toBe(200);
});

test("a wrong e-mail and a wrong password get the same answer, and each costs one hash", async () => {
  await register(app);
  const verify = spyOn(Bun.password, "verify");
  const attempt = async (email: string, password: string): Promise<object> => {
    const response = await post(app, "/api/auth/login", { email, password });
    expect(response.status).toBe(401);
    return (await response.json()) as object;
  };
  const answers = [
    await attempt(EMAIL, "wrong password"),
    await attempt("nobody@example.org", PASSWORD),
    await attempt("no address", "x"),
  ];
  for (const answer of answers) {
    expect(answer).toEqual({
      error: "The e-mail or the password is wrong.",
      code: "invalid_credentials",
      requestId: expect.any(String),
    });
  }
  const cost = "$argon2id$v=19$m=19456,t=2,p=1$";
  expect(verify.mock.calls.map(([, hash]) => hash.slice(0, cost.length))).toEqual([cost, cost, cost]);
  verify.mockRestore();
});

test("a password typed in another Unicode form is the same", async () => {
  await post(app, "/api/auth/register", { email: EMAIL, password: "Z\u00fcrich-1234" });
  await login(app, EMAIL, "Zu\u0308rich-1234");
});

test("logins beyond what can wait are turned away with Retry-After", async () => {
  await register(app);
  const attempts = Array.from({ length: 50 }, () =>
    post(app, "/api/auth/login", { email: EMAIL, password: "x" }),
  );
  const answers = await Promise.all(attempts);
  const statuses = answers.map((answer) => answer.status);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  const refused = answers.find((answer) => answer.status === 429);
  expect(refused?.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(await refused?.json()).toMatchObject({ code: "too_many_requests" });
  await login(app);
});

test("a session ends for good with its password: a login overtaken by a change fails", async () => {
  const { accessToken } = await register(app);
  const body = { currentPassword: PASSWORD, newPassword: "another password" };
  const [change, late] = await Promise.all([
    app.request("/api/users/me/password", { method: "PUT", json: body, token: accessToken }),
    post(app, "/api/auth/login", { email: EMAIL, password: PASSWORD }),
  ]);
  expect(change.status).toBe(204);
  if (late.status === 200) {
    const { refreshToken } = (await late.json()) as { refreshToken: string };
    expect((await post(app, "/api/auth/refresh", { refreshToken })).status).toBe(401);
  } else expect(late.status).toBe(401);
});
