import type { Server } from "bun";
import type { MiddlewareHandler } from "hono";
import { AppError } from "../errors.ts";
import type { AppEnv } from "./context.ts";
import { hostOf } from "./host.ts";

/** Watchers such as HAProxy ask these with no Host, or with one of their own. */
const HEALTH_PATHS = new Set(["/health", "/livez", "/readyz"]);

/** Whether a path is for those who say which host they mean. */
export function needsHost(path: string): boolean {
  return !HEALTH_PATHS.has(path);
}

/** The path of a request, undecoded and with all that stands before the query: nothing else is what was asked for. */
export function pathOf({ url }: Request): string {
  // Bun leaves the origin out where the Host is none.
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?");
  if (start === -1) return "";
  return query === -1 ? url.slice(start) : url.slice(start, query);
}

type Answer = (
  request: Request,
  server: Server<undefined>,
  isRewritten: boolean,
) => Response | Promise<Response>;

/** The most segments of a path that Bun's router is asked to tell. More than any route has. */
const MOST_SEGMENTS = 8;

/**
 * For Bun.serve. `request.url` has no `.` and `..` any more, so that `/x/../metrics` came past a proxy's rules as
 * `/metrics`; Bun's router still sees them. `answer` is told where the path is not that which was sent.
 */
export function onTargetAsSent(answer: Answer) {
  const routed = (request: Bun.BunRequest<string>, server: Server<undefined>) =>
    answer(request, server, Object.values(request.params).some(isRewritten));
  const depths = Array.from({ length: MOST_SEGMENTS }, (_, index) => index + 1);
  const patterns = depths.map((depth) => Array.from({ length: depth }, (_, index) => `/:s${index}`).join(""));
  return {
    routes: Object.fromEntries(patterns.map((pattern) => [pattern, routed])),
    /** Paths that are empty, too long or have empty segments come here: what does not look so has been shortened. */
    fetch: (request: Request, server: Server<undefined>) =>
      answer(request, server, FITS_A_PATTERN.test(pathOf(request))),
  };
}

const FITS_A_PATTERN = new RegExp(`^(?:/[^/]+){1,${MOST_SEGMENTS}}$`);

/** A URL takes a backslash for a slash. */
function isRewritten(segment: string): boolean {
  return segment === "." || segment === ".." || segment.includes("\\");
}

/**
 * Lets through only what says where it wants to go: to a path as it stands, on a host that can be one.
 * @throws AppError invalid_path, invalid_host.
 */
export function requireTarget(): MiddlewareHandler<AppEnv> {
  return async function requireTarget(c, next) {
    if (c.env?.isRewritten) {
      throw new AppError(
        "invalid_path",
        "Send the path as it is meant, without . or .. or backslashes in it.",
      );
    }
    if (hostOf(c.req.raw) === undefined && needsHost(c.req.path)) {
      throw new AppError(
        "invalid_host",
        "Send one Host header that names this server, such as localhost:3000.",
      );
    }
    return next();
  };
}
