import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { AppError } from "../../errors.ts";
import type { AppEnv } from "../../http/context.ts";
import { sha256 } from "../accounts/tokens.ts";

const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

/** With one of these somebody else is asking, through a proxy on this machine. */
const PROXY_HEADERS = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

/**
 * Lets in whoever has the token, or without one whoever asks from this machine.
 * @throws AppError unauthenticated, metrics_not_open.
 */
export function requireMetricsAccess(token: string | undefined): MiddlewareHandler<AppEnv> {
  return async function requireMetricsAccess(c, next) {
    if (token === undefined) requireLoopback(c);
    else requireToken(c, token);
    return next();
  };
}

function requireLoopback(c: Context<AppEnv>): void {
  const address = c.env?.server?.requestIP(c.req.raw)?.address ?? "";
  const isForwarded = PROXY_HEADERS.some((name) => c.req.header(name) !== undefined);
  if (LOOPBACK.test(address) && !isForwarded) return;
  throw new AppError(
    "metrics_not_open",
    "Metrics are for this machine only. Set METRICS_TOKEN, and send it as Authorization: Bearer …",
  );
}

function requireToken(c: Context<AppEnv>, token: string): void {
  const [, given = ""] = /^bearer +(.+)$/i.exec(c.req.header("Authorization") ?? "") ?? [];
  // Of hashes, since texts of different lengths cannot be compared in constant time.
  if (timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(token)))) return;
  throw new AppError("unauthenticated", "Send the METRICS_TOKEN as Authorization: Bearer …");
}
