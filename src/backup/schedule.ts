import { rm } from "node:fs/promises";
import { basename } from "node:path";
import type { Deps } from "../runtime.ts";
import { createTimetable } from "../timetable.ts";
import { listBackups } from "./backup-files.ts";
import { type BackupProcess, startBackup } from "./child.ts";
import { hasOwnDatabase } from "./places.ts";
import { expired } from "./retention.ts";

type LastBackup = {
  /** When it was begun, epoch ms. */
  at: number;
  ok: boolean;
  /** Unknown of one that was made before this server started, or that failed. */
  durationSeconds?: number;
  /** Of the file; there is none if it failed. */
  bytes?: number;
};

/** The backups that a server makes by itself. */
export interface Backups {
  /** How the last one went; after a start, that of the newest file. */
  readonly last: LastBackup | undefined;
  /** Makes one if none has been made since it was last due. */
  runIfDue(): Promise<void>;
  /** Ends one that is being made. */
  stop(): Promise<void>;
}

/** Backups as scheduled, by one instance at a time. What makes one is a process of its own. */
export function scheduleBackups(deps: Pick<Deps, "config" | "leases" | "clock" | "now" | "log">): Backups {
  const { config, leases, clock, now, log } = deps;
  const { backupDirectory, backupSchedule } = config;
  let last: LastBackup | undefined;
  let making: BackupProcess | undefined;
  let stopped = false;

  /** Of those that were made in the future, by a clock that was ahead, nothing is known. */
  async function newest(): Promise<LastBackup | undefined> {
    const files = await listBackups(backupDirectory);
    const file = files.find(({ madeAt }) => madeAt.getTime() <= now());
    return file && { at: file.madeAt.getTime(), ok: true, bytes: file.bytes };
  }

  /** Resolves to whether there is one, or none is wanted any more. */
  async function work(due: Date): Promise<boolean> {
    const at = now();
    try {
      const found = await newest();
      if (found && found.at >= due.getTime()) return true;
      return await leases.hold("backup", () => make(at));
    } catch (error) {
      if (stopped) return true;
      last = { at, ok: false };
      log.error({ err: error }, "no backup could be made; it is tried again in an hour");
      return false;
    }
  }

  async function make(at: number): Promise<void> {
    if (stopped) return;
    making = startBackup(config);
    const { file, bytes, durationSeconds } = await making.result;
    last = { at, ok: true, bytes, durationSeconds };
    log.info({ file, bytes, durationSeconds, removed: await prune(file) }, "backup made");
  }

  /** Resolves to the names of those that are no longer kept. */
  async function prune(made: string): Promise<string[]> {
    // With a wrong clock, the one that was just made may look like an old one.
    const old = expired(await listBackups(backupDirectory), clock.atLeast()).filter(
      ({ path }) => path !== made,
    );
    for (const { path } of old) await rm(path, { force: true });
    return old.map(({ path }) => basename(path));
  }

  // A database that is kept elsewhere is backed up there.
  const isOn = backupSchedule !== undefined && hasOwnDatabase(config);
  const timetable = isOn ? createTimetable(backupSchedule, now, work) : undefined;
  newest()
    .then((found) => {
      last ??= found;
    })
    .catch((error: unknown) => log.error({ err: error }, "the backups could not be looked for"));
  return {
    get last() {
      return last;
    },
    runIfDue: async () => timetable?.runIfDue(),
    async stop() {
      stopped = true;
      making?.kill();
      await timetable?.stop();
    },
  };
}
