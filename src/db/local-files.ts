import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";

/** A database file of this instance. */
export type LocalFile = { kind: "database" | "buffer" | "replica"; path: string };

/** Those that there are: what is remote or was not made yet is none. */
export function localFiles({ databaseUrl, dataDirectory, primary, redis }: Config): LocalFile[] {
  const files: LocalFile[] = [];
  if (databaseUrl.startsWith("file:")) {
    files.push({ kind: primary ? "replica" : "database", path: databaseUrl.slice("file:".length) });
  }
  if (!redis) files.push({ kind: "buffer", path: join(dataDirectory, "streams.db") });
  return files.filter(({ path }) => existsSync(path));
}
