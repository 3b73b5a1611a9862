import { afterEach, beforeEach, expect, test } from "bun:test";
import { users } from "../../../src/db/schema.ts";
import { insertBuiltInUser } from "../../../src/features/accounts/repository.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { codeOf, PASSWORD, post } from "./accounts.ts";

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp({ AUTH_MODE: "single-user" });
});
afterEach(() => app.close());

test("everything belongs to one built-in user, whatever credentials come", async () => {
  const credentials = [{}, { token: "nonsense" }, { apiKey: "nonsense" }];
  const answers = await Promise.all(credentials.map((given) => app.request("/api/users/me", given)));
  const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { user: { id: string } }[];
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  expect(new Set(bodies.map((body) => body.user.id)).size).toBe(1);
  const rows = await app.deps.database.select().from(users);
  expect(rows).toMatchObject([{ provider: "built-in", passwordHash: null }]);
});

test("the built-in user stays the same over a restart", async () => {
  const patch = { displayName: "Me", settings: { units: "metric" } };
  expect((await app.request("/api/users/me", { method: "PATCH", json: patch })).status).toBe(200);
  await app.reopen();
  const response = await app.request("/api/users/me");
  expect(await response.json()).toMatchObject({ user: patch });
});

test("nobody registers or logs in", async () => {
  await app.request("/api/users/me");
  const registration = await post(app, "/api/auth/register", { email: "a@example.org", password: PASSWORD });
  expect(registration.status).toBe(403);
  expect(await codeOf(registration)).toBe("registration_closed");
  for (const password of ["", PASSWORD]) {
    const login = await post(app, "/api/auth/login", { email: "built-in@localhost", password });
    expect(login.status).toBe(401);
  }
});

test("logging out does nothing and does no harm", async () => {
  expect((await post(app, "/api/auth/logout", { refreshToken: "any" })).status).toBe(204);
  expect((await app.request("/api/users/me")).status).toBe(200);
});

test("the built-in user can neither be deleted nor be given a password", async () => {
  const json = { currentPassword: "", newPassword: PASSWORD };
  const answers = [
    await app.request("/api/users/me", { method: "DELETE" }),
    await app.request("/api/users/me/password", { method: "PUT", json }),
  ];
  for (const answer of answers) {
    expect(answer.status).toBe(403);
    expect(await codeOf(answer)).toBe("built_in_user");
  }
  expect((await app.request("/api/users/me")).status).toBe(200);
});

test("a built-in user of before is no account where accounts are required", async () => {
  const required = await createTestApp();
  try {
    await insertBuiltInUser(required.deps.database, new Date(required.clock.time));
    const body = { email: "a@example.org", password: PASSWORD };
    expect((await post(required, "/api/auth/register", body)).status).toBe(201);
    expect((await post(required, "/api/auth/register", { ...body, email: "b@example.org" })).status).toBe(
      403,
    );
    expect(
      (await post(required, "/api/auth/login", { email: "built-in@localhost", password: "" })).status,
    ).toBe(401);
  } finally {
    await required.close();
  }
});
