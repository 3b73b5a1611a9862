import { createApp } from "./app.ts";
import { IDLE_TIMEOUT_SECONDS } from "./http/long-work.ts";
import { onTargetAsSent } from "./http/target.ts";
import { graceEnd, type Runtime } from "./runtime.ts";

/** Far above any body that a route takes: the routes refuse with a sentence and read no more, this is silent. */
export const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

export type RunningServer = {
  /** Its origin, as in http://127.0.0.1:3000. */
  url: string;
  /**
   * Takes no more connections, ends listeners and lets requests finish, until `deadline` by performance.now(), else
   * for as long as is configured. The runtime stays open.
   */
  stop(deadline?: number): Promise<void>;
};

/** @throws Error when the port cannot be had. */
export function startServer({ deps }: Pick<Runtime, "deps">): RunningServer {
  const app = createApp(deps);
  const server = Bun.serve({
    hostname: deps.config.host,
    port: deps.config.port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: MAX_REQUEST_BYTES,
    ...onTargetAsSent((request, server, isRewritten) => app.fetch(request, { server, isRewritten })),
  });
  return {
    url: server.url.origin,
    async stop(deadline = graceEnd(deps.config)) {
      deps.hub.close();
      const timer = setTimeout(() => server.stop(true), deadline - performance.now());
      await server.stop();
      clearTimeout(timer);
    },
  };
}
