import { eq, sql } from "drizzle-orm";
import { Hono } from "hono";
import packageJson from "../../../package.json" with { type: "json" };
import type { Database } from "../../db/database.ts";
import { leases } from "../../db/schema.ts";
import { AppError } from "../../errors.ts";
import type { AppEnv } from "../../http/context.ts";
import type { Deps } from "../../runtime.ts";
import { answers, createProbe } from "./probe.ts";

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
  // A remote database, or that of a replica, is its own server's to look after.
  const isLocal = database.$client.protocol === "file";
  const databaseWrites = createProbe(async () => isLocal && writeAndTakeBack(database));
  const bufferWrites = createProbe(() => buffer.probe());
  const databaseAnswers = async () =>
    (await answers(database.run(sql`SELECT 1`))) && (await databaseWrites());
  const bufferAnswers = async () => (await answers(buffer.ping())) && (await bufferWrites());

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

/** One commit that leaves nothing: a disk that is full or can only be read refuses it. */
async function writeAndTakeBack(database: Database): Promise<void> {
  const row = { name: "health", holder: "health", expiresAt: new Date(0) };
  await database.batch([
    database.insert(leases).values(row),
    database.delete(leases).where(eq(leases.name, row.name)),
  ]);
}

function connection(up: boolean): "connected" | "disconnected" {
  return up ? "connected" : "disconnected";
}
