import { join } from "node:path";
import type { Config } from "../config.ts";
import { fileSize } from "../file-system.ts";
import { rollBackJournal } from "./journal.ts";

/** A database file of this instance. */
export type LocalFile = { kind: "database" | "buffer" | "replica"; path: string };

/** What belongs to a database file: its write-ahead log and the index of that, the journal of one without, and how far a replica is. */
export const COMPANIONS = ["-wal", "-shm", "-journal", "-client_wal_index"];

/** Those that there are: what was not made yet, or has nothing in it, is none. */
export function localFiles(config: Config): LocalFile[] {
  return ownFiles(config).filter(({ path }) => !isMissing(path));
}

/** Those of the configuration, made or not; what is remote is none. */
export function ownFiles({ databaseUrl, dataDirectory, primary, redis }: Config): LocalFile[] {
  const files: LocalFile[] = [];
  if (databaseUrl.startsWith("file:")) {
    files.push({ kind: primary ? "replica" : "database", path: databaseUrl.slice("file:".length) });
  }
  if (!redis) files.push({ kind: "buffer", path: join(dataDirectory, "streams.db") });
  return files;
}

/** Whether there is no database file, or an empty one, be it that it is so once its journal is rolled back. */
export function isMissing(path: string): boolean {
  rollBackJournal(path);
  return fileSize(path) === 0;
}
