import type { Context, MiddlewareHandler } from "hono";
import type { Authenticator, Credentials } from "../features/accounts/authenticator.ts";
import type { AppEnv } from "./context.ts";

/** How one comes by credentials in the first place; all by POST. */
const PUBLIC_PATHS = new Set(["/api/auth/register", "/api/auth/login", "/api/auth/refresh"]);

/** A browser's EventSource sends no headers: here alone the key may be in the query. */
const LISTEN_PATH = /^\/api\/streams\/(?:listenAll|[^/]+\/listen)$/;

/** Whether a route below /api asks for no credentials. */
export function isPublic(method: string, path: string): boolean {
  return method === "POST" && PUBLIC_PATHS.has(path);
}

/** Whether a route takes the key in the query too; also of a path with names of parameters. */
export function takesKeyInQuery(method: string, path: string): boolean {
  return method === "GET" && LISTEN_PATH.test(path);
}

/**
 * Finds out who is asking, for `c.get("identity")`. It runs for every sample. `tidyUpAfter` is called at the end of a
 * request during which credentials were revoked, be they anybody's.
 * @throws AppError unauthenticated.
 */
export function authenticate(
  authenticator: Pick<Authenticator, "authenticate" | "revocations">,
  tidyUpAfter: (userId: string) => Promise<void>,
): MiddlewareHandler<AppEnv> {
  return async function authenticate(c, next) {
    if (isPublic(c.req.method, c.req.path)) return next();
    const before = authenticator.revocations;
    const identity = await authenticator.authenticate(credentials(c));
    c.set("identity", identity);
    await next();
    if (authenticator.revocations !== before) await tidyUpAfter(identity.userId);
  };
}

/** An Authorization of another scheme is for somebody else, such as a proxy in front. */
function credentials(c: Context<AppEnv>): Credentials {
  const authorization = c.req.header("Authorization");
  if (authorization && /^bearer /i.test(authorization)) return { bearer: authorization.slice(7).trim() };
  const apiKey = c.req.header("X-API-Key");
  if (apiKey !== undefined) return { apiKey };
  if (takesKeyInQuery(c.req.method, c.req.path)) return { apiKey: c.req.query("apiKey") };
  return {};
}
