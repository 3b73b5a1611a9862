import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export type BackupFile = { path: string; madeAt: Date; bytes: number };

/** A name that tells when the backup was begun, and sorts by that: `bpt-2026-10-01T020000Z.tar.gz`. */
export function backupName(time: Date): string {
  return `bpt-${time.toISOString().slice(0, 19).replaceAll(":", "")}Z.tar.gz`;
}

/** The time in a name that backupName made; undefined for the names of other files. */
export function timeOf(name: string): Date | undefined {
  const [, day, hours, minutes, seconds] =
    /^bpt-(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z\.tar\.gz$/.exec(name) ?? [];
  const time = new Date(`${day}T${hours}:${minutes}:${seconds}Z`);
  return !Number.isNaN(time.getTime()) && backupName(time) === name ? time : undefined;
}

/** The backups in a directory, newest first; none where there is no directory. */
export async function listBackups(directory: string): Promise<BackupFile[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = await Promise.all(
    names.map(async (name) => {
      const madeAt = timeOf(name);
      const path = join(directory, name);
      return madeAt && { path, madeAt, bytes: (await stat(path)).size };
    }),
  );
  return files.filter((file) => file !== undefined).sort((a, b) => b.madeAt.getTime() - a.madeAt.getTime());
}
