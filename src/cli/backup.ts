import { resolve } from "node:path";
import { type BackupReport, createBackup } from "../backup/create.ts";
import { parseConfig } from "../config.ts";
import { stepBehind } from "./priority.ts";
import { startPercentBar } from "./progress.ts";

type Options = { to?: string; json?: boolean };

/**
 * Makes a backup into a directory, by default the one that is configured, and prints what is in it.
 * @throws Error with a sentence for the operator; there is no backup then, and nothing of one.
 */
export async function backup(
  { to, json }: Options,
  environment: Record<string, string | undefined>,
): Promise<void> {
  stepBehind();
  const config = parseConfig(environment);
  const directory = to === undefined ? config.backupDirectory : resolve(to);
  const bar = startPercentBar("Backing up");
  const report = await createBackup(config, directory, { now: Date.now, onBytes: bar.update }).finally(
    bar.stop,
  );
  print(json ? JSON.stringify(report) : describe(report));
}

function describe({ file, bytes, durationSeconds, liveBuffer, files }: BackupReport): string {
  const { users = 0, workouts = 0 } = files["bpt.db"]?.rows ?? {};
  const { stream = 0 } = files["streams.db"]?.rows ?? {};
  const live = liveBuffer === "redis" ? "" : `, ${stream} streams under way`;
  const note = liveBuffer === "redis" ? "\nThe rides under way are in Redis, and not in the backup." : "";
  const size = `${(bytes / 1e6).toFixed(1)} MB, checked, in ${durationSeconds.toFixed(1)} s`;
  return `${file}\n${users} riders, ${workouts} workouts${live}; ${size}.${note}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
