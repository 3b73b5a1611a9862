import { createMiddleware } from "hono/factory";
import type { AppEnv } from "./context.ts";

/** Connections on which nothing moves for so long, in s, are closed; routes of event streams set their own time. */
export const IDLE_TIMEOUT_SECONDS = 60;

/**
 * For routes that read a whole ride: one of days takes minutes on a small machine, in which nothing moves on the
 * connection. To be put behind what reads the body: a client that sends none is not waited for.
 */
export const longWork = createMiddleware<AppEnv>(async (c, next) => {
  const server = c.env?.server;
  server?.timeout(c.req.raw, 0);
  await next();
  server?.timeout(c.req.raw, IDLE_TIMEOUT_SECONDS);
});
