import { afterAll, beforeAll, expect, test } from "bun:test";
import { Hono } from "hono";
import { createApp } from "../../src/app.ts";
import type { AppEnv } from "../../src/http/context.ts";
import { longWork } from "../../src/http/long-work.ts";
import { createTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

test("a connection on which nothing moves is closed, but not while a long work is under way", async () => {
  const released = Promise.withResolvers<void>();
  const routes = new Hono<AppEnv>()
    .get("/hurried", () => new Promise<Response>(() => {}))
    .get("/long", longWork, async (c) => {
      await released.promise;
      return c.text("done");
    });
  const server = Bun.serve({
    port: 0,
    idleTimeout: 1,
    fetch: (request, server) => routes.fetch(request, { server }),
  });
  try {
    const long = fetch(new URL("/long", server.url));
    await expect(fetch(new URL("/hurried", server.url))).rejects.toThrow();
    await expect(fetch(new URL("/hurried", server.url))).rejects.toThrow();
    released.resolve();
    expect(await (await long).text()).toBe("done");
  } finally {
    await server.stop(true);
  }
}, 30_000);

test("whatever reads a whole ride is such a work", () => {
  const { routes } = createApp(app.deps);
  const long = routes.filter(({ handler }) => handler === longWork);
  expect(long.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    "DELETE /api/streams/cleanup",
    "DELETE /api/workouts/:id",
    "GET /api/workouts/:id",
    "GET /api/workouts/:id/power-curve",
    "GET /api/workouts/:id/summary",
    "GET /api/workouts/:id/telemetry",
    "POST /api/workouts/:id/archive",
    "POST /api/workouts/:id/complete",
  ]);
});
