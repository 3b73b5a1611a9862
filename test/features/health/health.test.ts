import { afterEach, beforeEach, expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import { until } from "../../db/instances.ts";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { describeWithSqld, startSqld } from "../../support/sqld.ts";

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
});
afterEach(() => app.close());

const ask = async (path: string) => {
  const response = await app.request(path);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body, headers: response.headers };
};

test("while both stores answer, all is well", async () => {
  expect(await ask("/health")).toMatchObject({
    status: 200,
    body: {
      status: "ok",
      database: "connected",
      redis: "connected",
      streams: { backend: "embedded", listeners: 0 },
      version: packageJson.version,
      timestamp: "2026-06-01T12:00:00.000Z",
    },
  });
  expect(await ask("/livez")).toMatchObject({ status: 200 });
  expect(await ask("/readyz")).toMatchObject({ status: 200 });
});

test("without the live buffer it is degraded and not ready, but alive", async () => {
  await app.deps.buffer.close();
  expect(await ask("/health")).toMatchObject({
    status: 200,
    body: { status: "degraded", database: "connected", redis: "disconnected" },
  });
  const { status, body, headers } = await ask("/readyz");
  expect({ status, code: body.code }).toEqual({ status: 503, code: "buffer_unavailable" });
  expect(headers.get("Retry-After")).toBe("2");
  expect(await ask("/livez")).toMatchObject({ status: 200 });
});

test("without the database it is degraded and not ready", async () => {
  app.deps.database.$client.close();
  expect(await ask("/health")).toMatchObject({
    body: { status: "degraded", database: "disconnected", redis: "connected" },
  });
  expect(await ask("/readyz")).toMatchObject({ status: 503, body: { code: "store_unavailable" } });
  await app.deps.database.$client.reconnect();
  expect(await ask("/health")).toMatchObject({ body: { status: "ok" } });
});

test("once it is to stop, it is not ready", async () => {
  app.deps.hub.close();
  expect(await ask("/readyz")).toMatchObject({ status: 503, body: { code: "shutting_down" } });
});

test("listeners are counted", async () => {
  const subscription = await app.deps.hub.subscribe("somebody", {});
  expect(await ask("/health")).toMatchObject({ body: { streams: { listeners: 1 } } });
  subscription.close();
  expect(await ask("/health")).toMatchObject({ body: { streams: { listeners: 0 } } });
});

test("a database that is no replica has no primary", async () => {
  const { body } = await ask("/health");
  expect(Object.keys(body)).not.toContain("primary");
});

describeWithSqld("of a replica", () => {
  test("without its primary it is degraded, but ready, since it can be read and rides are recorded", async () => {
    await using sqld = await startSqld();
    await app.close();
    app = await createTestApp({ DATABASE_SYNC_URL: sqld.url, DATABASE_SYNC_INTERVAL: "0.2" });
    expect(await ask("/health")).toMatchObject({
      status: 200,
      body: { status: "ok", database: "connected", primary: "connected", redis: "connected" },
    });
    await sqld.kill9();
    await until(async () => (await ask("/health")).body.primary === "disconnected");
    expect(await ask("/health")).toMatchObject({
      status: 200,
      body: { status: "degraded", database: "connected", primary: "disconnected", redis: "connected" },
    });
    expect(await ask("/readyz")).toMatchObject({ status: 200 });
    expect(await ask("/livez")).toMatchObject({ status: 200 });
    await sqld.restart();
    await until(async () => (await ask("/health")).body.primary === "connected");
    expect(await ask("/health")).toMatchObject({ body: { status: "ok" } });
  }, 20_000);
});
