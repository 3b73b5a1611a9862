import type { Client } from "@libsql/client";
import type { LibSQLDatabase } from "drizzle-orm/libsql";
import { drizzle } from "drizzle-orm/libsql/sqlite3";
import * as schema from "./schema.ts";

export type Database = LibSQLDatabase<typeof schema> & { $client: Client };

/** A transaction (begun IMMEDIATE) or the database itself: what a repository function works on. */
export type Executor = Pick<Database, "select" | "insert" | "update" | "delete">;

export function createDatabase(client: Client): Database {
  return drizzle(client, { schema });
}
