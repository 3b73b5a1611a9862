import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { createDatabase } from "../db/database.ts";
import { isMissing } from "../db/local-files.ts";
import { openClient } from "../db/open.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";
import { users } from "../db/schema.ts";
import { findNewestChange, listUnfinished } from "../features/workouts/repository.ts";
import { listSetAside, type SetAside } from "../features/workouts/sweep-attempts.ts";
import type { StreamInfo } from "../streams/buffer.ts";
import { parseState, READ_STATE } from "../streams/embedded-sql.ts";

/** What the database tells of rides under way. */
export type DatabaseState = {
  unfinished: { id: string; owner: string; streamName: string }[];
  userIds: Set<string>;
  setAside: SetAside[];
  /** When the latest change was made, epoch ms; 0 when there was none. */
  newest: number;
};

/** @throws Error with a sentence for the operator. */
export function requireData({ dataDirectory }: Config): void {
  if (!existsSync(dataDirectory)) throw new Error(`There is no data in ${dataDirectory}. Set DATA_DIR.`);
}

/** Undefined where there is none yet. Reads only, beside a server or without one. @throws Error when it cannot be reached. */
export async function readDatabase(config: Config): Promise<DatabaseState | undefined> {
  const { databaseUrl: url, databaseAuthToken: authToken } = config;
  if (url.startsWith("file:") && isMissing(url.slice("file:".length))) return undefined;
  const client = await openClient({ url, authToken, readOnly: true });
  try {
    const database = createDatabase(client);
    const rides = await listUnfinished(database);
    const riders = await database.select({ id: users.id }).from(users);
    return {
      unfinished: rides.map(({ id, userId: owner, streamName }) => ({ id, owner, streamName })),
      userIds: new Set(riders.map(({ id }) => id)),
      // There is no such table in a database of an earlier version.
      setAside: await listSetAside(database).catch(() => []),
      newest: await findNewestChange(database),
    };
  } finally {
    client.close();
  }
}

/** The streams of the live buffer; undefined where there is none yet. @throws Error when it cannot be reached. */
export async function readBuffer({ dataDirectory, redis }: Config): Promise<StreamInfo[] | undefined> {
  if (redis) {
    const { openRedisBuffer } = await import("../streams/redis.ts");
    const buffer = openRedisBuffer({ ...redis, now: Date.now });
    return buffer.list().finally(() => buffer.close());
  }
  const path = join(dataDirectory, "streams.db");
  if (isMissing(path)) return undefined;
  const database = openReadOnly(path);
  try {
    const [row] = rowsOf<Record<string, string>>(database, READ_STATE.sql);
    return parseState(Object.values(row ?? {})[0]).streams;
  } finally {
    database.close();
  }
}
