import { expect, test } from "bun:test";
import { Hono } from "hono";
import type { Credentials } from "../../src/features/accounts/authenticator.ts";
import { authenticate } from "../../src/http/authenticate.ts";
import type { AppEnv } from "../../src/http/context.ts";

/** What the middleware hands on for a request; undefined where it asks for nothing. */
async function credentialsOf(path: string, init?: RequestInit): Promise<Credentials | undefined> {
  let given: Credentials | undefined;
  const authenticator = {
    revocations: 0,
    authenticate: async (credentials: Credentials) => {
      given = credentials;
      return { via: "single-user", userId: "rider" } as const;
    },
  };
  const app = new Hono<AppEnv>();
  app.use(
    "/api/*",
    authenticate(authenticator, async () => {}),
  );
  app.all("*", (c) => c.json(c.get("identity") ?? null));
  const response = await app.request(path, init);
  expect(await response.json()).toEqual(given ? { via: "single-user", userId: "rider" } : null);
  return given;
}

const headers = (entries: Record<string, string>) => ({ headers: entries });

test.each(["Bearer abc", "bearer abc", "BEARER   abc"])("%p is a bearer token", async (authorization) => {
  expect(await credentialsOf("/api/x", headers({ Authorization: authorization }))).toEqual({ bearer: "abc" });
});

test("a bearer token is judged alone", async () => {
  const both = headers({ Authorization: "Bearer abc", "X-API-Key": "key" });
  expect(await credentialsOf("/api/x", both)).toEqual({ bearer: "abc" });
});

test("an Authorization for a proxy in front leaves room for a key", async () => {
  const both = headers({ Authorization: "Basic abc", "X-API-Key": "key" });
  expect(await credentialsOf("/api/x", both)).toEqual({ apiKey: "key" });
  expect(await credentialsOf("/api/x", headers({ Authorization: "Basic abc" }))).toEqual({});
  expect(await credentialsOf("/api/x", headers({ Authorization: "Bearer" }))).toEqual({});
});

test.each(["/api/streams/ride/listen", "/api/streams/listenAll"])(
  "%s takes a key in the query",
  async (path) => {
    expect(await credentialsOf(`${path}?apiKey=key`)).toEqual({ apiKey: "key" });
    expect(await credentialsOf(`${path}?apiKey=key`, headers({ "X-API-Key": "other" }))).toEqual({
      apiKey: "other",
    });
    expect((await credentialsOf(`${path}?apiKey=key`, { method: "POST" }))?.apiKey).toBeUndefined();
    expect((await credentialsOf(path))?.apiKey).toBeUndefined();
  },
);

test.each([
  "/api/streams",
  "/api/streams/listen",
  "/api/streams/a/b/listen",
  "/api/streams/ride/messages",
  "/api/workouts/x/listen",
])("%s takes no key in the query", async (path) => {
  expect(await credentialsOf(`${path}?apiKey=key`)).toEqual({});
});

test("only POST makes the public paths public", async () => {
  for (const path of ["/api/auth/register", "/api/auth/login", "/api/auth/refresh"]) {
    expect(await credentialsOf(path, { method: "POST" })).toBeUndefined();
    expect(await credentialsOf(path)).toEqual({});
    expect(await credentialsOf(`${path}/`, { method: "POST" })).toEqual({});
  }
  expect(await credentialsOf("/api/auth/logout", { method: "POST" })).toEqual({});
});
