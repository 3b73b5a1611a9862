import { sql } from "drizzle-orm";
import { Hono } from "hono";
import packageJson from "../../../package.json" with { type: "json" };
import { AppError } from "../../errors.ts";
import type { AppEnv } from "../../http/context.ts";
import type { Deps } from "../../runtime.ts";

export function healthRoutes({
  database,
  buffer,
  hub,
  redis,
  damage,
  primary,
  clock,
  now,
}: Pick<Deps, "database" | "buffer" | "hub" | "redis" | "damage" | "primary" | "clock" | "now">) {
  const databaseAnswers = () => answers(() => database.run(sql`SELECT 1`));
  const bufferAnswers = () => answers(() => buffer.ping());

  return new Hono<AppEnv>()
    .get("/health", async (c) => {
      const [databaseUp, bufferUp] = await Promise.all([databaseAnswers(), bufferAnswers()]);
      const primaryUp = primary?.isInStep ?? true;
      const isUndamaged = damage.files.size === 0 && damage.rides.size === 0;
      const isWell = databaseUp && primaryUp && bufferUp && isUndamaged && !redis?.isEvicting;
      return c.json({
        status: isWell ? ("ok" as const) : ("degraded" as const),
        database: connection(databaseUp),
        // Of a replica: without it reads are answered, and writes are not.
        ...(primary && { primary: connection(primaryUp) }),
        // Clients know the stream buffer by this name, whichever kind it is.
        redis: connection(bufferUp),
        ...(damage.files.size > 0 && { damaged: [...damage.files] }),
        ...(damage.rides.size > 0 && { damagedRides: damage.rides.size }),
        ...(redis && redis.risks.length > 0 && { risks: [...redis.risks] }),
        ...(clock.state !== "plausible" && { clock: clock.state }),
        streams: { backend: buffer.backend, listeners: hub.size },
        version: packageJson.version,
        timestamp: new Date(now()).toISOString(),
      });
    })
    .get("/livez", (c) => c.json({ status: "ok" as const }))
    .get("/readyz", async (c) => {
      if (hub.closed) throw new AppError("shutting_down", "The service is shutting down.");
      if (!(await databaseAnswers()))
        throw new AppError("store_unavailable", "The database cannot be reached.");
      if (!(await bufferAnswers()))
        throw new AppError("buffer_unavailable", "The live buffer cannot be reached.");
      return c.json({ status: "ok" as const });
    });
}

async function answers(probe: () => Promise<unknown>): Promise<boolean> {
  return probe().then(
    () => true,
    () => false,
  );
}

function connection(up: boolean): "connected" | "disconnected" {
  return up ? "connected" : "disconnected";
}
