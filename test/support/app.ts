import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/logger.ts";
import { createRuntime } from "../../src/runtime.ts";
import { TestClock } from "./clock.ts";

/**
 * The whole service on a data directory of its own, made by the same composition root as in production.
 * `close()` removes the directory; `reopen()` is a restart on the same data.
 */
export async function createTestApp(
  environment: Record<string, string> = {},
  time = Date.UTC(2026, 5, 1, 12),
) {
  const directory = await mkdtemp(join(tmpdir(), "bpt-test-"));
  const clock = new TestClock(time);
  const config = parseConfig({
    DATA_DIR: directory,
    LOG_LEVEL: "silent",
    SHUTDOWN_GRACE_SECONDS: "2",
    ...environment,
  });
  const start = () => createRuntime(config, createLogger(config.logLevel), clock);
  let runtime = await start();
  let app = createApp(runtime.deps);

  async function restart(): Promise<void> {
    runtime = await start();
    app = createApp(runtime.deps);
  }

  return {
    clock,
    directory,
    get deps() {
      return runtime.deps;
    },
    /** Like app.request(), with a JSON body where `json` is given. */
    request(path: string, init: RequestInit & { json?: unknown; token?: string; apiKey?: string } = {}) {
      const { json, token, apiKey, ...rest } = init;
      const headers = new Headers(rest.headers);
      if (json !== undefined) headers.set("Content-Type", "application/json");
      if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
      if (apiKey !== undefined) headers.set("X-API-Key", apiKey);
      const body = json === undefined ? rest.body : JSON.stringify(json);
      return app.request(path, { ...rest, headers, ...(body != null && { body }) });
    },
    /** Does something while the service is stopped, between two runs on the same data. */
    async whileStopped(work: () => Promise<void>) {
      await runtime.close();
      await work();
      await restart();
    },
    async reopen() {
      await runtime.close();
      await restart();
    },
    async close() {
      await runtime.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type TestApp = Awaited<ReturnType<typeof createTestApp>>;
