import type { MiddlewareHandler } from "hono";
import type { Logger } from "../logger.ts";
import type { AppEnv } from "./context.ts";

/** An id that a proxy in front has given the request is kept. */
const FOREIGN_ID = /^[\w=-]{1,128}$/;

/**
 * Gives the request an id, which is in its answer and in its log lines, and logs it at level debug: samples come
 * once a second from every rider. The path only, as the query may hold a key. One middleware, since it runs for
 * every sample.
 */
export function identifyRequests(log: Logger): MiddlewareHandler<AppEnv> {
  return async function identifyRequests(c, next) {
    const foreignId = c.req.header("X-Request-Id");
    const requestId = foreignId && FOREIGN_ID.test(foreignId) ? foreignId : Bun.randomUUIDv7();
    c.set("requestId", requestId);
    const began = performance.now();
    await next();
    c.res.headers.set("X-Request-Id", requestId);
    if (!log.isLevelEnabled("debug")) return;
    const { method, path } = c.req;
    const milliseconds = Math.round(performance.now() - began);
    log.debug({ requestId, method, path, status: c.res.status, milliseconds }, "request");
  };
}
