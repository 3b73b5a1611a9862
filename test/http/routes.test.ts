import { afterAll, beforeAll, expect, test } from "bun:test";
import { createApp } from "../../src/app.ts";
import { createTestApp, type TestApp } from "../support/app.ts";

/** Whoever adds a route here says why it needs no credentials: these are how one comes by them. */
const PUBLIC = ["POST /api/auth/login", "POST /api/auth/refresh", "POST /api/auth/register"];
const KEY_IN_QUERY = ["GET /api/streams/:name/listen", "GET /api/streams/listenAll"];

let app: TestApp;
let routes: string[];
let key: string;
beforeAll(async () => {
  app = await createTestApp();
  const all = createApp(app.deps).routes.filter(
    ({ method, path }) => method !== "ALL" && path.startsWith("/api"),
  );
  routes = [...new Set(all.map(({ method, path }) => `${method} ${path}`))].sort();

  const json = { email: "rider@example.org", password: "correct horse battery" };
  const account = await app.request("/api/auth/register", { method: "POST", json });
  const { accessToken: token } = (await account.json()) as { accessToken: string };
  const made = await app.request("/api/api-keys", { method: "POST", json: { name: "walk" }, token });
  ({ key } = (await made.json()) as { key: string });
});
afterAll(() => app.close());

function ask(
  route: string,
  { query = "", ...credentials }: { query?: string; token?: string; apiKey?: string } = {},
) {
  const [method = "", path = ""] = route.split(" ");
  return app.request(path.replace(/:\w+(\{[^}]+\})?/g, "x") + query, { method, ...credentials });
}

async function isUnauthenticated(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  return ((await response.json()) as { code: string }).code === "unauthenticated";
}

test("the list of public routes names routes", () => {
  expect(routes.length).toBeGreaterThan(20);
  expect(routes).toEqual(expect.arrayContaining([...PUBLIC, ...KEY_IN_QUERY]));
});

test("every other route answers 401 without credentials", async () => {
  for (const route of routes) {
    expect({ route, refused: await isUnauthenticated(await ask(route)) }).toEqual({
      route,
      refused: !PUBLIC.includes(route),
    });
  }
});

test("every other route answers 401 to bad credentials", async () => {
  for (const route of routes.filter((name) => !PUBLIC.includes(name))) {
    for (const bad of [
      { token: "bad" },
      { apiKey: "bad" },
      { token: "bad", apiKey: key },
      { query: "?apiKey=bad" },
    ]) {
      expect({ route, bad, refused: await isUnauthenticated(await ask(route, bad)) }).toMatchObject({
        refused: true,
      });
    }
  }
});

test("a key in the query opens the event streams and nothing else", async () => {
  for (const route of routes.filter((name) => !PUBLIC.includes(name))) {
    const response = await ask(route, { query: `?apiKey=${key}` });
    const refused = await isUnauthenticated(response);
    expect({ route, refused }).toEqual({ route, refused: !KEY_IN_QUERY.includes(route) });
    if (!refused) await response.body?.cancel();
  }
});

test("what is not there is not shown to strangers either", async () => {
  expect((await app.request("/api/nothing")).status).toBe(401);
  expect((await app.request("/api/nothing", { apiKey: key })).status).toBe(404);
});
