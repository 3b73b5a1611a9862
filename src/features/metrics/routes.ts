import { Hono } from "hono";
import type { AppEnv } from "../../http/context.ts";
import { watchEventLoop } from "../../metrics/event-loop.ts";
import { CONTENT_TYPE, formatMetrics } from "../../metrics/exposition.ts";
import type { Deps } from "../../runtime.ts";
import { requireMetricsAccess } from "./access.ts";
import { collect } from "./collect.ts";

export function metricsRoutes(deps: Deps) {
  const { config, metrics } = deps;
  let isWatched = false;

  return new Hono<AppEnv>().get("/metrics", requireMetricsAccess(config.metricsToken), async (c) => {
    // From when somebody first asks: a machine that nobody watches need not wake up for it.
    if (!isWatched) watchEventLoop(metrics.eventLoopDelay);
    isWatched = true;
    return c.body(formatMetrics(await collect(deps)), 200, { "Content-Type": CONTENT_TYPE });
  });
}
