import { afterEach, expect, spyOn, test } from "bun:test";
import { users } from "../../../src/db/schema.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { type Account, codeOf, EMAIL, PASSWORD, post, register, statusOf } from "./accounts.ts";

let app: TestApp;
afterEach(() => app.close());

const tryToRegister = (email: string, password = PASSWORD) =>
  post(app, "/api/auth/register", { email, password });

test("the first account is made, with tokens that work", async () => {
  app = await createTestApp();
  const response = await post(app, "/api/auth/register", {
    email: "  Rider@Example.ORG ",
    password: PASSWORD,
    displayName: " Rider ",
    isAdmin: true,
  });
  expect(response.status).toBe(201);
  const body = (await response.json()) as Account;
  expect(body as unknown).toEqual({
    user: {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      email: EMAIL,
      displayName: "Rider",
      avatarUrl: null,
      settings: {},
      createdAt: "2026-06-01T12:00:00.000Z",
      updatedAt: "2026-06-01T12:00:00.000Z",
      lastLoginAt: null,
    },
    accessToken: expect.any(String),
    refreshToken: expect.stringMatching(/^[\w-]{43}$/),
    expiresIn: 900,
  });
  expect(await statusOf(app, { token: body.accessToken })).toBe(200);
});

test("registration closes after the first account, and does not tell who has one", async () => {
  app = await createTestApp();
  await register(app);
  const hash = spyOn(Bun.password, "hash");
  const answers = await Promise.all([tryToRegister(EMAIL), tryToRegister("other@example.org")]);
  expect(answers.map((answer) => answer.status)).toEqual([403, 403]);
  expect(await Promise.all(answers.map(codeOf))).toEqual(["registration_closed", "registration_closed"]);
  expect(hash).not.toHaveBeenCalled();
  hash.mockRestore();
});

test("of two first registrations at once, one succeeds", async () => {
  app = await createTestApp();
  const answers = await Promise.all([tryToRegister("one@example.org"), tryToRegister("two@example.org")]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 403]);
  expect(await app.deps.database.select().from(users)).toHaveLength(1);
});

test("REGISTRATION=open lets others in, each e-mail once", async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  await register(app);
  await register(app, "other@example.org");
  const again = await tryToRegister("RIDER@example.org");
  expect(again.status).toBe(409);
  expect(await codeOf(again)).toBe("email_taken");
});

test("the same e-mail registered twice at once is taken once", async () => {
  app = await createTestApp({ REGISTRATION: "open" });
  const answers = await Promise.all([tryToRegister(EMAIL), tryToRegister(EMAIL)]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
});

test.each([
  ["no e-mail address", { email: "rider", password: PASSWORD }, "email"],
  ["a very long e-mail", { email: `${"a".repeat(250)}@example.org`, password: PASSWORD }, "email"],
  ["a short password", { email: EMAIL, password: "1234567" }, "password"],
  ["a long password", { email: EMAIL, password: "x".repeat(129) }, "password"],
  ["a password that is no text", { email: EMAIL, password: 12345678 }, "password"],
  ["an empty display name", { email: EMAIL, password: PASSWORD, displayName: " " }, "displayName"],
])("%s is refused", async (_, body, field) => {
  app = await createTestApp();
  const response = await post(app, "/api/auth/register", body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_input", details: [{ field }] });
});

test("neither passwords nor tokens are stored as they are", async () => {
  app = await createTestApp();
  const { refreshToken } = await register(app);
  const [user] = await app.deps.database.select().from(users);
  expect(user?.passwordHash).toStartWith("$argon2id$v=19$m=19456,t=2,");
  const stored = JSON.stringify(await app.deps.database.query.refreshTokens.findMany());
  expect(stored).not.toContain(refreshToken);
});
