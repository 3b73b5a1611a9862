import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { createApp } from "../../src/app.ts";
import { needsHost } from "../../src/http/target.ts";
import { type RunningServer, startServer } from "../../src/server.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { type RawAnswer, rawRequest } from "../support/raw-request.ts";

let app: TestApp;
let server: RunningServer;
let routes: { method: string; path: string }[];
beforeAll(async () => {
  app = await createTestApp({ PORT: "0" });
  server = startServer({ deps: app.deps });
  routes = createApp(app.deps).routes.filter(({ method }) => method !== "ALL");
});
afterAll(async () => {
  await server.stop();
  await app.close();
});

const HEALTH = ["/livez", "/readyz", "/health"];

const UNUSABLE = [
  "a@b",
  "user:password@localhost",
  "",
  " ",
  "a b",
  "a\tb",
  "a/b",
  "a\\b",
  "a?b",
  "a#b",
  "a:b",
  "a,b",
  "a%41",
  "a<b>",
  "[::1",
  "::1",
  "http://localhost",
  "localhost:3000:3000",
  "rider.example\u00e9",
  "a\u007fb",
].map((host) => [`Host: ${host}`]);
const GOOD = ["Host: localhost"];
const SEVERAL = ["Host: localhost", "Host: localhost"];

/** What the service counted for this request: the pattern of the route that it took. */
async function ask(
  target: string,
  init: Parameters<typeof rawRequest>[2],
): Promise<RawAnswer & { route: string }> {
  const counts = () =>
    new Map(
      app.deps.metrics.requests
        .list()
        .map(({ method, route, byStatus }) => [
          `${method} ${route}`,
          byStatus.values().reduce((sum, count) => sum + count, 0),
        ]),
    );
  const before = counts();
  const answer = await rawRequest(server.url, target, init);
  const [route = "none"] = [...counts()].find(([name, count]) => count !== before.get(name)) ?? [];
  return { ...answer, route };
}

function codeOf({ body }: RawAnswer): string {
  return body === "" ? "" : (JSON.parse(body) as { code: string }).code;
}

test("every route answers 400 to a Host that is none, but for those of health", async () => {
  for (const { method, path } of routes) {
    for (const head of [...UNUSABLE, SEVERAL]) {
      const answer = await ask(path, { method, head });
      if (!needsHost(path))
        expect({ path, head, status: answer.status }).toEqual({ path, head, status: 200 });
      else
        expect({ path, head, status: answer.status, code: codeOf(answer) }).toEqual({
          path,
          head,
          status: 400,
          code: "invalid_host",
        });
    }
  }
});

test("no Host is enough for the probes of HTTP/1.0, which HAProxy sends", async () => {
  for (const path of HEALTH) {
    for (const method of ["GET", "HEAD"]) {
      expect(await ask(path, { method, version: "1.0" })).toMatchObject({
        status: 200,
        route: `GET ${path}`,
      });
    }
  }
  expect(await ask("/", { method: "OPTIONS", version: "1.0" })).toMatchObject({ status: 400 });
  expect(await ask("/metrics", { version: "1.0" })).toMatchObject({ status: 400 });
});

test("behind a first segment that is not theirs no route answers, whatever the Host", async () => {
  for (const { method, path } of routes) {
    for (const head of [GOOD, ...UNUSABLE, SEVERAL]) {
      const { status, route } = await ask(`/xx${path}`, { method, head });
      expect({ path, head, status, route }).toMatchObject({
        status: head === GOOD ? 404 : 400,
        route: "any unmatched",
      });
    }
  }
});

test.each([
  "/./metrics",
  "/xx/../metrics",
  "/%2e/metrics",
  "/xx/%2E%2e/metrics",
  "/xx/.%2e/metrics",
  "/xx\\..\\metrics",
  "/xx/yy/..\\../metrics",
  "/metrics/.",
  "/metrics/xx/..",
  "/xx//../../metrics",
  "/1/2/3/4/5/6/7/8/9/../../../../../../../../../metrics",
  "http://localhost/xx/../metrics",
  "/xx/../livez",
  "/./livez?x=1",
])("%p is not shortened", async (target) => {
  const answer = await ask(target, { head: GOOD });
  expect([answer.status, codeOf(answer)]).toEqual([400, "invalid_path"]);
});

test.each([
  "//metrics",
  "/metrics/",
  "/%6detrics",
  "/metrics#x",
  "/metrics%3f",
  "/metrics;x",
  "/METRICS",
  "/xx/..;/metrics",
  "/xx%2f..%2fmetrics",
  "/%252e/metrics",
])("%p is nothing", async (target) => {
  expect((await ask(target, { head: GOOD })).route).toBe("any unmatched");
});

test("a target with an origin before its path is that path", async () => {
  const head = GOOD;
  expect(await ask("http://elsewhere.example/livez?x=/metrics", { head })).toMatchObject({
    status: 200,
    route: "GET /livez",
  });
  expect((await ask("http://elsewhere.example/xx/livez", { head })).status).toBe(404);
  expect((await ask("http://elsewhere.example", { head })).status).toBe(404);
});

test("the route that answers is that of the path which was sent", async () => {
  const segment = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        "api",
        "metrics",
        "livez",
        "docs",
        "streams",
        "workouts",
        "x",
        "users",
        "me",
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "",
        ".",
        "..",
        "%2e",
        "%2E.",
        "..%2f",
        "%6detrics",
        "%5c..",
        "\\",
        "..\\",
        "a#",
        "%",
        "%00",
      ),
    },
    { weight: 1, arbitrary: fc.stringMatching(/^[!-"$->@-~]{0,5}$/) },
  );
  const target = fc.record({
    origin: fc.constantFrom("", "", "", "http://localhost", "https://a.b"),
    path: fc.array(segment, { minLength: 1, maxLength: 12 }).map((segments) => `/${segments.join("/")}`),
    query: fc.constantFrom("", "", "?", "?a=/../metrics"),
  });
  const host = fc.oneof(
    fc.constantFrom(...UNUSABLE, SEVERAL),
    fc.constant(GOOD),
    fc.constant([`Host: [::1]:3000`]),
  );
  const patterns = routes
    .filter(({ method }) => method === "GET")
    .map(({ path }) => ({ name: `GET ${path}`, pattern: new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`) }));
  await fc.assert(
    fc.asyncProperty(target, host, async ({ origin, path, query }, head) => {
      const { route, status, ...answer } = await ask(origin + path + query, { head });
      const refused = status === 400 && (answer.body === "" || /"invalid_(path|host)"/.test(answer.body));
      if (refused || route === "any unmatched" || route === "none") return;
      expect({
        path,
        routes: patterns.filter(({ pattern }) => pattern.test(path)).map(({ name }) => name),
      }).toMatchObject({
        routes: expect.arrayContaining([route]),
      });
      expect(path).not.toMatch(/\\|(^|\/)(\.|%2e){1,2}(\/|$)/i);
    }),
    { numRuns: 500 },
  );
}, 60_000);
