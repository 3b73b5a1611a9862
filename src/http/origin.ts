import type { Context, MiddlewareHandler } from "hono";
import { AppError } from "../errors.ts";

/**
 * Where no credentials are asked for, any page that a rider opens could use the service in their name: pages
 * from elsewhere are refused unless their origin is `allowed`. Programs send no Origin and pass.
 * @throws AppError foreign_origin.
 */
export function refuseForeignOrigins(allowed: readonly string[]): MiddlewareHandler {
  return async function refuseForeignOrigins(c, next) {
    if (isForeign(c, allowed)) {
      throw new AppError(
        "foreign_origin",
        "Pages of other sites may not use this service. CORS_ORIGIN lists those that may.",
      );
    }
    return next();
  };
}

function isForeign(c: Context, allowed: readonly string[]): boolean {
  const origin = c.req.header("Origin");
  // Browsers leave it out of simple GETs, such as those for images and scripts.
  if (origin === undefined) return c.req.header("Sec-Fetch-Site") === "cross-site";
  if (allowed.includes(origin)) return false;
  return URL.parse(origin)?.host !== c.req.header("Host");
}
