import { setTimeout } from "node:timers/promises";
import { analyzeDatabase, compactDatabase } from "./db/upkeep.ts";
import type { Deps } from "./runtime.ts";
import { createTimetable, type Timetable } from "./timetable.ts";

/** Sundays, when the backup of the night is likely made; and soon after each start. */
const WEEKLY = "0 4 * * 0";

/** Between two steps, in ms: time for what riders want. */
const PAUSE_MS = 100;

/**
 * Once a week: statistics for the planner, free pages back to the disk, the write-ahead logs folded in. In steps so short
 * that nobody waits. A remote database is its server's to look after.
 */
export function scheduleMaintenance({
  database,
  buffer,
  leases,
  now,
  log,
}: Pick<Deps, "database" | "buffer" | "leases" | "now" | "log">): Timetable {
  let stopped = false;

  async function inSteps(step: () => Promise<boolean>): Promise<void> {
    while (!stopped && (await step())) await setTimeout(PAUSE_MS);
  }

  async function maintainDatabase(): Promise<void> {
    await analyzeDatabase(database.$client);
    await inSteps(() => compactDatabase(database.$client));
  }

  const timetable = createTimetable(WEEKLY, now, async () => {
    const began = performance.now();
    try {
      if (database.$client.protocol === "file") await leases.hold("maintenance", maintainDatabase);
      await inSteps(() => buffer.compact());
      log.info({ durationSeconds: (performance.now() - began) / 1000 }, "maintenance done");
    } catch (error) {
      log.error({ err: error }, "maintenance did not get through; it comes again in a week");
    }
    return true;
  });
  return {
    ...timetable,
    stop() {
      stopped = true;
      return timetable.stop();
    },
  };
}
