import type { Config } from "../config.ts";
import { OWN_PROGRAM } from "../own-program.ts";
import type { BackupReport } from "./create.ts";

export type BackupProcess = { result: Promise<BackupReport>; kill(): void };

/**
 * Makes a backup in a process of its own: it works synchronously for long, and gives its memory back at the end.
 * `result` rejects with the sentence that it ended with.
 */
export function startBackup(config: Config): BackupProcess {
  const child = Bun.spawn([...OWN_PROGRAM, "backup", "--json"], {
    // The rest is handed on, not read: where temporary files go, where programs are.
    env: { ...process.env, ...environmentOf(config) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const read = async () => {
    const [output, errors, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    if (code === 0) return JSON.parse(output) as BackupReport;
    throw new Error(errors.trim() || `The process that makes it ended with ${child.signalCode ?? code}.`);
  };
  return { result: read(), kill: () => child.kill() };
}

/** What makes the same configuration again, as far as it says what is backed up and where to. */
function environmentOf({
  dataDirectory,
  databaseUrl,
  backupDirectory,
  redis,
}: Config): Record<string, string> {
  return {
    DATA_DIR: dataDirectory,
    DATABASE_URL: databaseUrl,
    DATABASE_SYNC_URL: "",
    BACKUP_DIR: backupDirectory,
    UPSTASH_REDIS_REST_URL: redis?.url ?? "",
    UPSTASH_REDIS_REST_TOKEN: redis?.token ?? "",
  };
}
