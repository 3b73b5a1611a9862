import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { type Logger, withRequestId } from "../logger.ts";
import type { RequestCounts } from "../metrics/request-counts.ts";
import type { AppEnv } from "./context.ts";

/** An id that a proxy in front has given the request is kept. */
const FOREIGN_ID = /^[\w=-]{1,128}$/;

/**
 * Gives the request an id, which is in its answer and in all log lines on its way; counts it, and logs it at level
 * debug: samples come once a second from every rider. The path only, as the query may hold a key. What every answer
 * bears is added here too: one middleware, since it runs for every sample.
 */
export function identifyRequests(log: Logger, requests: RequestCounts): MiddlewareHandler<AppEnv> {
  return async function identifyRequests(c, next) {
    const foreignId = c.req.header("X-Request-Id");
    const requestId = foreignId && FOREIGN_ID.test(foreignId) ? foreignId : Bun.randomUUIDv7();
    c.set("requestId", requestId);
    const began = performance.now();
    await withRequestId(requestId, next);
    const milliseconds = performance.now() - began;
    const { headers, status } = c.res;
    headers.set("X-Request-Id", requestId);
    headers.set("X-Content-Type-Options", "nosniff");
    // Tokens, and where somebody rides: no cache is to keep what does not say that it may.
    if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
    const { method, route } = routeOf(c);
    requests.add(method, route, status, milliseconds / 1000);
    if (!log.isLevelEnabled("debug")) return;
    const { method: asked, path } = c.req;
    log.debug({ requestId, method: asked, path, status, milliseconds: Math.round(milliseconds) }, "request");
  };
}

/** The route that was meant, whether it was reached or not; a middleware comes last only where there is none. */
function routeOf(c: Context): { method: string; route: string } {
  const last = matchedRoutes(c).at(-1);
  if (!last || last.method === "ALL") return { method: "any", route: "unmatched" };
  return { method: last.method, route: last.path };
}
