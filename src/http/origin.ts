import type { Context, MiddlewareHandler } from "hono";
import { AppError } from "../errors.ts";
import { hostNameOf, isLoopback } from "./host.ts";

/**
 * Where no credentials are asked for, any page that a rider opens could use the service in their name: pages
 * from elsewhere are refused unless their origin is `allowed`. Programs, which say nothing of an origin, pass.
 * Where the service listens on the loopback, which `host` tells, its own pages have a name of the loopback, or one of
 * `names`: one of another name had that name point here to look like the same origin (DNS rebinding).
 * @throws AppError foreign_origin.
 */
export function refuseForeignOrigins(
  allowed: readonly string[],
  { host, names }: { host: string; names: readonly string[] },
): MiddlewareHandler {
  const onLoopback = isLoopback(host);
  const isOwnName = (name = "") => !onLoopback || isLoopback(name) || names.includes(name);
  return async function refuseForeignOrigins(c, next) {
    const origin = c.req.header("Origin");
    // Browsers leave the origin out of simple GETs, such as those for images and scripts.
    const site = c.req.header("Sec-Fetch-Site");
    const isPage = origin !== undefined || (site !== undefined && site !== "none");
    const isOwn = isSameOrigin(c, origin, site) && isOwnName(hostNameOf(c.req.raw));
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
