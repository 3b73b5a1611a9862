import type { Context, MiddlewareHandler } from "hono";
import { AppError } from "../errors.ts";

/**
 * Where no credentials are asked for, any page that a rider opens could use the service in their name: pages
 * from elsewhere are refused unless their origin is `allowed`. Programs, which say nothing of an origin, pass.
 * Where the service listens on the loopback, which `host` tells, its own pages have a name of the loopback: one
 * of another name had that name point here to look like the same origin (DNS rebinding).
 * @throws AppError foreign_origin.
 */
export function refuseForeignOrigins(allowed: readonly string[], host: string): MiddlewareHandler {
  const onLoopback = isLoopback(host);
  return async function refuseForeignOrigins(c, next) {
    const origin = c.req.header("Origin");
    // Browsers leave the origin out of simple GETs, such as those for images and scripts.
    const site = c.req.header("Sec-Fetch-Site");
    const isPage = origin !== undefined || (site !== undefined && site !== "none");
    const isOwn = isSameOrigin(c, origin, site) && (!onLoopback || isLoopback(hostName(c)));
    if (!isPage || isOwn || (origin !== undefined && allowed.includes(origin))) return next();
    throw new AppError(
      "foreign_origin",
      "Pages of other sites may not use this service. CORS_ORIGIN lists those that may.",
    );
  };
}

function isSameOrigin(c: Context, origin: string | undefined, site: string | undefined): boolean {
  return origin === undefined ? site === "same-origin" : URL.parse(origin)?.host === c.req.header("Host");
}

function hostName(c: Context): string {
  return (c.req.header("Host") ?? "").replace(/:\d+$/, "");
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
