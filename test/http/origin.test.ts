import { afterEach, expect, test } from "bun:test";
import { createTestApp, type TestApp } from "../support/app.ts";

const HOST = "rides.local:3000";
const LISTED = "https://app.example.org";

let app: TestApp;
afterEach(() => app.close());

const ask = (headers: Record<string, string>, init: { method?: string } = {}) =>
  app.request("/api/users/me", { ...init, headers: { Host: HOST, ...headers } });

test("in single-user mode programs and the service's own pages pass", async () => {
  app = await createTestApp({ AUTH_MODE: "single-user", HOST: "0.0.0.0" });
  const own: Record<string, string>[] = [
    {},
    { Origin: `http://${HOST}` },
    { Origin: `https://${HOST}`, "Sec-Fetch-Site": "same-origin" },
    { "Sec-Fetch-Site": "same-origin" },
    { "Sec-Fetch-Site": "none" },
  ];
  for (const headers of own) expect((await ask(headers)).status).toBe(200);
});

test("in single-user mode pages of other origins are refused", async () => {
  app = await createTestApp({ AUTH_MODE: "single-user" });
  const foreign: Record<string, string>[] = [
    { Origin: "https://evil.example" },
    { Origin: "http://rides.local" },
    { Origin: "http://rides.local:3001" },
    { Origin: "http://rides.local:3000.evil.example" },
    { Origin: "null" },
    { Origin: "" },
    { Origin: LISTED },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
  ];
  for (const headers of foreign) {
    for (const method of ["GET", "DELETE"]) {
      const response = await ask(headers, { method });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: "foreign_origin" });
      expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
  }
  const simple = { "Content-Type": "text/plain", Origin: "https://evil.example", Host: HOST };
  const login = await app.request("/api/streams/create", { method: "POST", body: "{}", headers: simple });
  expect(login.status).toBe(403);
});

test("in single-user mode a listed origin passes, preflight and all", async () => {
  app = await createTestApp({ AUTH_MODE: "single-user", CORS_ORIGIN: LISTED });
  const preflight = await ask(
    { Origin: LISTED, "Access-Control-Request-Method": "PATCH", "Sec-Fetch-Site": "cross-site" },
    { method: "OPTIONS" },
  );
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("Access-Control-Allow-Origin")).toBe(LISTED);
  expect(preflight.headers.get("Access-Control-Allow-Methods")).toContain("PATCH");

  const response = await ask({ Origin: LISTED, "Sec-Fetch-Site": "cross-site" });
  expect(response.status).toBe(200);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(LISTED);
  expect((await ask({ Origin: "https://other.example.org" })).status).toBe(403);
});

test("outside of /api an origin does not matter", async () => {
  app = await createTestApp({ AUTH_MODE: "single-user" });
  const headers = { Host: HOST, Origin: "https://evil.example" };
  expect((await app.request("/livez", { headers })).status).not.toBe(403);
});

test("behind a proxy on this machine, pages under a name of the service are its own", async () => {
  app = await createTestApp({
    AUTH_MODE: "single-user",
    ALLOWED_HOSTS: "rides.example.org, Other.Example.org",
  });
  for (const host of ["rides.example.org", "other.example.org:8443"]) {
    const own = { Host: host, Origin: `https://${host}`, "Sec-Fetch-Site": "same-origin" };
    expect((await ask(own)).status).toBe(200);
    expect(
      (await ask({ ...own, Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" })).status,
    ).toBe(403);
  }
});

test("where credentials are required, they decide alone", async () => {
  app = await createTestApp();
  expect((await ask({ Origin: "https://evil.example" })).status).toBe(401);
});

test("on the loopback a page whose name was made to point here is refused", async () => {
  app = await createTestApp({ AUTH_MODE: "single-user", HOST: "127.0.0.1" });
  const rebound = "evil.example:3000";
  for (const headers of [{ Origin: `http://${rebound}` }, { "Sec-Fetch-Site": "same-origin" }]) {
    expect((await ask({ Host: rebound, ...headers })).status).toBe(403);
    expect(
      (
        await ask({
          Host: "localhost:3000",
          ...headers,
          ...(headers.Origin && { Origin: "http://localhost:3000" }),
        })
      ).status,
    ).toBe(200);
  }
  expect((await ask({ Host: "127.0.0.1:3000", Origin: "http://127.0.0.1:3000" })).status).toBe(200);
  expect((await ask({ Host: "[::1]:3000", Origin: "http://[::1]:3000" })).status).toBe(200);
});
