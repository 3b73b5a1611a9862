import { resolve } from "node:path";
import { type Restored, restoreBackup } from "../backup/restore.ts";
import { parseConfig } from "../config.ts";
import { startPercentBar } from "./progress.ts";

/**
 * Puts a backup in the place of the data and prints what is there now.
 * @throws Error with a sentence for the operator; the data is then as it was.
 */
export async function restore(
  file: string,
  { json }: { json?: boolean },
  environment: Record<string, string | undefined>,
): Promise<void> {
  const config = parseConfig(environment);
  const bar = startPercentBar("Restoring");
  const options = { now: Date.now, onBytes: bar.update };
  const restored = await restoreBackup(config, resolve(file), options).finally(bar.stop);
  const { manifest, replaced } = restored;
  const { startedAt, program, liveBuffer, files } = manifest;
  const text = json
    ? JSON.stringify({ file: resolve(file), startedAt, program, liveBuffer, files, replaced })
    : describe(restored, config.redis !== undefined);
  process.stdout.write(`${text}\n`);
}

function describe({ manifest, replaced }: Restored, hasRedis: boolean): string {
  const { users = 0, workouts = 0 } = manifest.files["bpt.db"]?.rows ?? {};
  const streams = manifest.files["streams.db"];
  return [
    `Restored as of ${manifest.startedAt}, made by version ${manifest.program}:`,
    `${users} riders, ${workouts} workouts, ${streams?.rows?.stream ?? 0} streams under way.`,
    ...(manifest.liveBuffer === "redis"
      ? ["Rides that were under way then were in Redis, not in the backup."]
      : []),
    ...(streams && hasRedis
      ? ["Those under way are in streams.db, which is not used: the live buffer is in Redis."]
      : []),
    ...(replaced.length > 0 ? [`What was there before is in ${replaced.join(" and ")}.`] : []),
  ].join("\n");
}
