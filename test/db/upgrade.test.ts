import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createDatabase } from "../../src/db/database.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { openClient } from "../../src/db/open.ts";
import { temporaryDirectory } from "../support/directory.ts";

const MIGRATIONS = join(import.meta.dir, "../../drizzle");

/** A database with the first so many migrations, and a rider in it. */
async function openAfter(count: number) {
  const directory = await temporaryDirectory();
  const client = await openClient({ url: `file:${join(directory.path, "bpt.db")}` });
  await client.executeMultiple(
    "CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric)",
  );
  const { entries } = JSON.parse(await readFile(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as {
    entries: { tag: string; when: number }[];
  };
  for (const { tag, when } of entries.slice(0, count)) {
    const migration = await readFile(join(MIGRATIONS, `${tag}.sql`), "utf8");
    await client.executeMultiple(migration.replaceAll("--> statement-breakpoint", ""));
    await client.execute({
      sql: "INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)",
      args: [tag, when],
    });
  }
  await client.execute(
    "INSERT INTO users (id, email, created_at, updated_at) VALUES ('u', 'rider@example.org', 1, 1)",
  );
  return {
    client,
    database: createDatabase(client),
    async [Symbol.asyncDispose]() {
      client.close();
      await directory.remove();
    },
  };
}

test("rides of the first version have their power curve among the best efforts", async () => {
  await using opened = await openAfter(1);
  const { client, database } = opened;
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
  const effort = {
    workout_id: "curve",
    metric: "power",
    user_id: "u",
    achieved_at: 1000,
    sport_group: "cycling",
  };
  expect(await database.all(sql`SELECT * FROM best_efforts ORDER BY duration`)).toEqual([
    { ...effort, duration: 1, value: 210.5 },
    { ...effort, duration: 60, value: 200 },
  ]);
  const kept = await database.all(
    sql`SELECT id, summary IS NOT NULL AS has_summary FROM workouts ORDER BY id`,
  );
  expect(kept).toEqual([
    { id: "curve", has_summary: 1 },
    { id: "no power", has_summary: 1 },
    { id: "unfinished", has_summary: 0 },
  ]);
});

test("efforts of rides before sports had groups are of their ride's group, and FTPs are of cycling", async () => {
  await using opened = await openAfter(3);
  const { client, database } = opened;
  const sports = {
    cycling: "cycling",
    "Mountain BIKING": "cycling",
    Running: "running",
    "Swim, then bike": "cycling",
    "Läufe ÄÖ": "läufe ÄÖ",
  };
  for (const sport of Object.keys(sports)) {
    await client.execute({
      sql: `INSERT INTO workouts (id, user_id, stream_name, sport, start_time, status, created_at, updated_at, summary)
            VALUES (?1, 'u', 'ride', ?1, 1000, 'COMPLETED', 1, 1, '{}')`,
      args: [sport],
    });
    await client.execute({
      sql: "INSERT INTO best_efforts VALUES (?, 'power', 5, 300, 'u', 1000)",
      args: [sport],
    });
  }
  await client.execute("INSERT INTO ftp_history VALUES ('f', 'u', 250, NULL, 1, 1, 1)");

  await migrateDatabase(database);
  const efforts = await database.all<{ workout_id: string; sport_group: string }>(
    sql`SELECT workout_id, sport_group FROM best_efforts`,
  );
  expect(Object.fromEntries(efforts.map((effort) => [effort.workout_id, effort.sport_group]))).toEqual(
    sports,
  );
  expect(await database.all(sql`SELECT sport FROM ftp_history`)).toEqual([{ sport: "cycling" }]);
  // SQLite knows no case beyond ASCII: such a ride is derived again, and grouped with that.
  expect(await database.all(sql`SELECT id FROM workouts WHERE is_stale = 1`)).toEqual([{ id: "Läufe ÄÖ" }]);
});
