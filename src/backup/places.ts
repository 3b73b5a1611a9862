import { join, resolve } from "node:path";
import type { Config } from "../config.ts";
import type { FileName } from "./manifest.ts";

/** Where an instance keeps what a backup has in it. */
export type Places = Record<FileName, string>;

/** Whether the database is this machine's own file, which is the only kind that is backed up here. */
export function hasOwnDatabase({ databaseUrl, primary }: Config): boolean {
  return primary === undefined && databaseUrl.startsWith("file:");
}

/** @throws Error with a sentence for the operator when the database is not this machine's own. */
export function placesOf(config: Config): Places {
  const { databaseUrl, dataDirectory } = config;
  if (!hasOwnDatabase(config)) {
    throw new Error(
      "The database is not kept on this machine: DATABASE_URL or DATABASE_SYNC_URL names the server that keeps it. " +
        "Have it backed up, and restored, there.",
    );
  }
  return {
    "bpt.db": resolve(databaseUrl.slice("file:".length)),
    "streams.db": join(dataDirectory, "streams.db"),
    "jwt.secret": join(dataDirectory, "jwt.secret"),
  };
}
