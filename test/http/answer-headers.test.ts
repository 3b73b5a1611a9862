import { afterAll, beforeAll, expect, test } from "bun:test";
import { createApp } from "../../src/app.ts";
import { type Rider, registerRider } from "../support/accounts.ts";
import { createTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;
let rider: Rider;
let routes: { method: string; path: string }[];
beforeAll(async () => {
  app = await createTestApp({ CORS_ORIGIN: "https://app.example.org" });
  rider = await registerRider(app);
  routes = createApp(app.deps).routes.filter(({ method }) => method !== "ALL");
});
afterAll(() => app.close());

/** The documents, which hold nothing of anybody, may be kept. */
const KEPT: Record<string, string> = {
  "/openapi.json": "no-cache",
  "/docs": "no-cache",
  "/docs/swagger-ui.js": "public, max-age=31536000, immutable",
};

async function headersOf(path: string, init: Parameters<TestApp["request"]>[1]) {
  const response = await app.request(path, init);
  await response.body?.cancel();
  return {
    status: response.status,
    caching: response.headers.get("Cache-Control"),
    sniffing: response.headers.get("X-Content-Type-Options"),
  };
}

test("no answer of any route is kept by a cache or guessed at, but for the documents", async () => {
  expect(routes.length).toBeGreaterThan(40);
  const statuses = new Set<number>();
  // After the account is deleted there is nobody to ask.
  const isLast = ({ method, path }: { method: string; path: string }) =>
    method === "DELETE" && path === "/api/users/me";
  for (const { method, path } of routes.toSorted((a, b) => Number(isLast(a)) - Number(isLast(b)))) {
    const address = path.replace(":file", "swagger-ui.js").replace(":userId", "me").replaceAll(/:\w+/g, "x");
    for (const init of [{}, { apiKey: rider.apiKey }, { apiKey: rider.apiKey, body: "{" }]) {
      if (method === "GET" && "body" in init) continue;
      const { status, caching, sniffing } = await headersOf(address, { method, ...init });
      statuses.add(status);
      const expected =
        KEPT[address] ??
        (/\/listen(All)?$/.test(path) && status === 200 ? "no-cache, no-store, no-transform" : "no-store");
      expect({ method, path, status, caching, sniffing }).toEqual({
        method,
        path,
        status,
        caching: expected,
        sniffing: "nosniff",
      });
    }
  }
  expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 204, 400, 401, 403, 404]));
});

test.each([
  ["what is not there", "/nothing", {}],
  ["what is not there, below /api", "/api/nothing", {}],
  [
    "a preflight",
    "/api/users/me",
    {
      method: "OPTIONS",
      headers: { Origin: "https://app.example.org", "Access-Control-Request-Method": "GET" },
    },
  ],
  ["a Host that is none", "/api/users/me", { headers: { Host: "a@b" } }],
])("nor is %s", async (_name, path, init) => {
  expect(await headersOf(path, init)).toMatchObject({ caching: "no-store", sniffing: "nosniff" });
});

test("nor is a failure of the service", async () => {
  const broken = await createTestApp();
  const { apiKey } = await registerRider(broken);
  await broken.deps.database.$client.close();
  const { status, headers } = await broken.request("/api/workouts", { apiKey });
  expect(status).toBeGreaterThanOrEqual(500);
  expect([headers.get("Cache-Control"), headers.get("X-Content-Type-Options")]).toEqual([
    "no-store",
    "nosniff",
  ]);
  await broken.close().catch(() => {});
});
