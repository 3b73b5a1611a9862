import { and, eq, sql } from "drizzle-orm";
import type { Executor } from "./database.ts";
import { leases } from "./schema.ts";

/** How long a lease lasts that is not renewed, in ms: so long a job rests after the death of who was at it. */
const LEASE_MS = 60_000;

/** By the one clock that all instances share, in epoch ms. */
const DATABASE_TIME = sql`CAST(unixepoch('subsec') * 1000 AS INTEGER)`;

export interface Leases {
  /** Does the work unless another instance is at it; resolves to whether it did. */
  hold(name: string, work: () => Promise<void>): Promise<boolean>;
}

/**
 * Leases in the database, for what only one of the instances that share it is to do at a time. `holder` names this
 * instance, and no other.
 */
export function createLeases(executor: Executor, holder: string): Leases {
  async function take(name: string): Promise<boolean> {
    const expiresAt = sql`${DATABASE_TIME} + ${LEASE_MS}`;
    const rows = await executor
      .insert(leases)
      .values({ name, holder, expiresAt })
      .onConflictDoUpdate({
        target: leases.name,
        set: { holder, expiresAt },
        // One that lasts for longer than any does was taken before the clock was set back.
        setWhere: sql`${leases.holder} = ${holder} OR ${leases.expiresAt} NOT BETWEEN ${DATABASE_TIME} + 1 AND ${expiresAt}`,
      })
      .returning({ name: leases.name });
    return rows.length > 0;
  }

  async function release(name: string): Promise<void> {
    await executor.delete(leases).where(and(eq(leases.name, name), eq(leases.holder, holder)));
  }

  return {
    async hold(name, work) {
      if (!(await take(name))) return false;
      // A renewal that fails leaves the lease to run out; the jobs bear that two are at them for a while.
      let renewing: Promise<unknown> = Promise.resolve();
      const renewal = setInterval(() => {
        renewing = take(name).catch(() => {});
      }, LEASE_MS / 3);
      try {
        await work();
      } finally {
        clearInterval(renewal);
        // One that came after the release would take the lease again.
        await renewing;
        // If that fails, it runs out.
        await release(name).catch(() => {});
      }
      return true;
    },
  };
}
