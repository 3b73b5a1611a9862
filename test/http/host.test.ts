import { afterEach, describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import { createApp } from "../../src/app.ts";
import { type RunningServer, startServer } from "../../src/server.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { rawRequest } from "../support/raw-request.ts";

const OWN = [
  "localhost",
  "LOCALHOST:3000",
  "localhost.",
  "rides.localhost",
  "127.0.0.1:3000",
  "127.8.9.10",
  "2130706433",
  "[::1]:3000",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255:80",
  "192.168.178.20:3000",
  "169.254.7.7",
  "100.64.0.1",
  "100.127.255.254",
  "[fd12:3456::1]",
  "[fe80::1]:3000",
  "rides.local",
  "a.b.Local:3000",
  hostname(),
  `${hostname().toUpperCase()}:3000`,
  hostname().split(".")[0] ?? "",
  `${hostname().split(".")[0]}.local`,
];

const FOREIGN = [
  "evil.example",
  "evil.example:3000",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "evil-localhost",
  "local",
  "evil.local.example",
  "192.168.1.1.nip.io",
  `${hostname()}.evil.example`,
  "8.8.8.8",
  "172.32.0.1",
  "172.15.0.1",
  "100.128.0.1",
  "192.169.0.1",
  "11.0.0.1",
  "0.0.0.0",
  "[2001:db8::1]",
  "[fec0::1]",
  "1",
];

let app: TestApp;
let server: RunningServer;
async function serve(environment: Record<string, string>): Promise<void> {
  app = await createTestApp({ PORT: "0", ...environment });
  server = startServer({ deps: app.deps });
}
afterEach(async () => {
  await server.stop();
  await app.close();
});

async function ask(
  path: string,
  host: string,
  method = "GET",
): Promise<{ status: number; code?: string; error?: string }> {
  const { status, body } = await rawRequest(server.url, path, { method, head: [`Host: ${host}`] });
  return { status, ...(status >= 400 && (JSON.parse(body) as { code: string; error: string })) };
}

describe("in single-user mode", () => {
  test("every route answers to names that only this machine can have", async () => {
    await serve({ AUTH_MODE: "single-user" });
    for (const host of OWN) {
      for (const path of ["/api/users/me", "/metrics"]) {
        expect({ host, path, ...(await ask(path, host)) }).toEqual({ host, path, status: 200 });
      }
    }
  });

  test("no route answers to another, but for those of health, and it is said where names are listed", async () => {
    await serve({ AUTH_MODE: "single-user" });
    const routes = createApp(app.deps).routes.filter(
      ({ method, path }) => method !== "ALL" && /^\/(api|metrics)/.test(path),
    );
    expect(routes.length).toBeGreaterThan(20);
    for (const host of FOREIGN) {
      for (const { method, path } of routes) {
        const answer = await ask(path.replaceAll(/:\w+/g, "me"), host, method);
        expect({ host, path, ...answer }).toMatchObject({ status: 403, code: "foreign_host" });
        expect(answer.error).toContain("ALLOWED_HOSTS");
      }
      for (const path of ["/livez", "/readyz", "/health"]) expect((await ask(path, host)).status).toBe(200);
    }
  });

  test("ALLOWED_HOSTS lists further names; so do HOST, and the origins that may call anyway", async () => {
    await serve({
      AUTH_MODE: "single-user",
      HOST: "0.0.0.0",
      ALLOWED_HOSTS: "rides.example.org, Box.LAN,[2001:db8::1]",
      CORS_ORIGIN: "https://app.example.org:8443",
    });
    const listed = [
      "rides.example.org",
      "RIDES.example.org:8443",
      "box.lan",
      "[2001:DB8:0::1]:80",
      "0.0.0.0:3000",
    ];
    for (const host of [...listed, "app.example.org"]) {
      expect({ host, ...(await ask("/api/users/me", host)) }).toEqual({ host, status: 200 });
    }
    for (const host of ["example.org", "evil.rides.example.org", "lan"]) {
      expect({ host, ...(await ask("/api/users/me", host)) }).toMatchObject({ code: "foreign_host" });
    }
  });
});

describe("where credentials are required", () => {
  test("they decide, under whatever name; metrics for this machine alone are for its names alone", async () => {
    await serve({});
    for (const host of FOREIGN) {
      expect(await ask("/api/users/me", host)).toMatchObject({ status: 401 });
      expect(await ask("/metrics", host)).toMatchObject({ status: 403, code: "foreign_host" });
    }
    for (const host of OWN) expect({ host, ...(await ask("/metrics", host)) }).toEqual({ host, status: 200 });
  });

  test("metrics with a token are for whoever has it", async () => {
    await serve({ METRICS_TOKEN: "a token for Prometheus" });
    expect(await ask("/metrics", "rides.example.org")).toMatchObject({ status: 401 });
    const head = ["Host: rides.example.org", "Authorization: Bearer a token for Prometheus"];
    expect((await rawRequest(server.url, "/metrics", { head })).status).toBe(200);
  });
});
