import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Config } from "./config.ts";
import { AppError } from "./errors.ts";
import { accountRoutes } from "./features/accounts/routes.ts";
import { tidyUpAfter } from "./features/accounts/usecases.ts";
import { analysisRoutes } from "./features/analysis/routes.ts";
import { documentRoutes } from "./features/documents/routes.ts";
import { ftpRoutes } from "./features/ftp/routes.ts";
import { healthRoutes } from "./features/health/routes.ts";
import { metricsRoutes } from "./features/metrics/routes.ts";
import { streamRoutes } from "./features/streams/routes.ts";
import { workoutRoutes } from "./features/workouts/routes.ts";
import { authenticate } from "./http/authenticate.ts";
import type { AppEnv } from "./http/context.ts";
import { respondToError } from "./http/errors.ts";
import { refuseForeignHosts } from "./http/host.ts";
import { identifyRequests } from "./http/identify-requests.ts";
import { refuseForeignOrigins } from "./http/origin.ts";
import { pathOf, requireTarget } from "./http/target.ts";
import type { Deps } from "./runtime.ts";

/** The HTTP interface over what it is given. Opens nothing, listens on nothing. */
export function createApp(deps: Deps) {
  const { config, log } = deps;
  const app = new Hono<AppEnv>({ getPath: pathOf });
  const respond = respondToError(log);
  app.onError(respond);
  app.notFound((c) => respond(new AppError("not_found", `There is nothing at ${c.req.path}.`), c));

  app.use(identifyRequests(log, deps.metrics.requests));
  app.use(requireTarget());
  if (config.corsOrigins.length > 0)
    app.use(
      cors({ origin: config.corsOrigins, maxAge: 86_400, exposeHeaders: ["X-Request-Id", "Retry-After"] }),
    );
  const names = ownNames(config);
  if (config.metricsToken === undefined) app.use("/metrics", refuseForeignHosts(names));
  if (config.authMode === "single-user") {
    app.use("/api/*", refuseForeignHosts(names));
    app.use("/api/*", refuseForeignOrigins(config.corsOrigins, { host: config.host, names }));
  }
  app.use(
    "/api/*",
    authenticate(deps.authenticator, (userId) => tidyUpAfter(deps, userId)),
  );

  return app
    .route("/", healthRoutes(deps))
    .route("/", metricsRoutes(deps))
    .route("/", documentRoutes(app.routes))
    .route("/api", accountRoutes(deps))
    .route("/api/users", ftpRoutes(deps))
    .route("/api", analysisRoutes(deps))
    .route("/api/streams", streamRoutes(deps))
    .route("/api/workouts", workoutRoutes(deps));
}

/** Names of hosts that configuration gives the service. Pages of a listed origin could do all that its host's could. */
function ownNames({ host, allowedHosts, corsOrigins }: Config): string[] {
  return [host, ...allowedHosts, ...corsOrigins.map((origin) => new URL(origin).hostname)];
}

export type App = ReturnType<typeof createApp>;
