import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createDatabase } from "../../src/db/database.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { openClient } from "../../src/db/open.ts";
import { temporaryDirectory } from "../support/directory.ts";

const MIGRATIONS = join(import.meta.dir, "../../drizzle");

test("rides of the first version have their power curve among the best efforts", async () => {
  const directory = await temporaryDirectory();
  const client = await openClient({ url: `file:${join(directory.path, "bpt.db")}`, durability: "relaxed" });
  const database = createDatabase(client);
  const initial = await readFile(join(MIGRATIONS, "0000_initial.sql"), "utf8");
  const { entries } = JSON.parse(await readFile(join(MIGRATIONS, "meta/_journal.json"), "utf8"));
  await client.executeMultiple(initial.replaceAll("--> statement-breakpoint", ""));
  await client.executeMultiple(`
    CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric);
    INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('initial', ${entries[0].when});
    INSERT INTO users (id, email, created_at, updated_at) VALUES ('u', 'rider@example.org', 1, 1);`);
  const ride = (id: string, summary: object | null) =>
    client.execute({
      sql: `INSERT INTO workouts (id, user_id, stream_name, start_time, status, created_at, updated_at, summary)
            VALUES (?, 'u', 'ride', 1000, 'COMPLETED', 1, 1, ?)`,
      args: [id, summary && JSON.stringify(summary)],
    });
  await ride("curve", { avgPower: 200, powerCurve: { 1: 210.5, 60: 200 } });
  await ride("no power", { avgPower: null, powerCurve: null });
  await ride("unfinished", null);

  await migrateDatabase(database);
  expect(await database.all(sql`SELECT * FROM best_efforts ORDER BY duration`)).toEqual([
    { workout_id: "curve", metric: "power", duration: 1, value: 210.5, user_id: "u", achieved_at: 1000 },
    { workout_id: "curve", metric: "power", duration: 60, value: 200, user_id: "u", achieved_at: 1000 },
  ]);
  const kept = await database.all(
    sql`SELECT id, summary IS NOT NULL AS has_summary FROM workouts ORDER BY id`,
  );
  expect(kept).toEqual([
    { id: "curve", has_summary: 1 },
    { id: "no power", has_summary: 1 },
    { id: "unfinished", has_summary: 0 },
  ]);
  client.close();
  await directory.remove();
});
