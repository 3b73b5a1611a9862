import { afterEach, beforeEach, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join, relative } from "node:path";
import { sql } from "drizzle-orm";
import { createDatabase, type Database } from "../../src/db/database.ts";
import { DatabaseTooNewError, migrateDatabase } from "../../src/db/migrate.ts";
import { openClient } from "../../src/db/open.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { failureOf } from "../support/failure.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let database: Database;

beforeEach(async () => {
  directory = await temporaryDirectory();
  database = createDatabase(await openClient({ url: `file:${join(directory.path, "test.db")}` }));
});
afterEach(async () => {
  database.$client.close();
  await directory.remove();
});

test("a new database gets every table, and migrating again changes nothing", async () => {
  await migrateDatabase(database);
  const tables = await database.all<{ name: string }>(
    sql`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`,
  );
  await migrateDatabase(database);
  expect(tables.map(({ name }) => name)).toEqual([
    "__drizzle_migrations",
    "api_keys",
    "best_efforts",
    "discarded_streams",
    "ftp_history",
    "leases",
    "refresh_tokens",
    "secrets",
    "sweep_attempts",
    "telemetry",
    "users",
    "workouts",
  ]);
});

test("every table of ours is STRICT: a generated rebuild would drop the word silently", async () => {
  await migrateDatabase(database);
  const loose = await database.all<{ name: string }>(
    sql`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`,
  );
  expect(loose.map(({ name }) => name)).toEqual(["__drizzle_migrations"]);
});

test("the ranking of best efforts is clustered, which the generator cannot say either", async () => {
  await migrateDatabase(database);
  const clustered = await database.all<{ name: string }>(
    sql`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 1`,
  );
  expect(clustered.map(({ name }) => name)).toEqual(["best_efforts"]);
});

test("a database of a newer version is refused, and left as it is", async () => {
  await migrateDatabase(database);
  await database.run(
    sql`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', 9999999999999)`,
  );
  expect(migrateDatabase(database)).rejects.toThrow(DatabaseTooNewError);
  expect(await database.all(sql`SELECT 1 FROM __drizzle_migrations WHERE hash = 'later'`)).toHaveLength(1);
});

test("the schema in code and the migrations agree", async () => {
  const root = join(import.meta.dir, "../..");
  const copy = join(directory.path, "drizzle");
  await cp(join(root, "drizzle"), copy, { recursive: true });
  // drizzle-kit takes any folder as relative to where it runs.
  const options = ["--dialect", "sqlite", "--schema", "src/db/schema.ts", "--out", relative(root, copy)];
  const generating = Bun.spawn([process.execPath, "x", "drizzle-kit", "generate", ...options], {
    cwd: root,
    stdout: "pipe",
  });
  expect(await new Response(generating.stdout).text()).toContain("No schema changes");
});

const MUST_FAIL: [string, string][] = [
  [
    "an unknown status",
    "INSERT INTO workouts (id, user_id, stream_name, start_time, status, created_at, updated_at) VALUES ('w', 'u', 's', 1, 'GONE', 1, 1)",
  ],
  [
    "a negative duration",
    "INSERT INTO workouts (id, user_id, stream_name, start_time, status, created_at, updated_at, duration) VALUES ('w', 'u', 's', 1, 'ACTIVE', 1, 1, -1)",
  ],
  [
    "a summary that is no JSON",
    "INSERT INTO workouts (id, user_id, stream_name, start_time, status, created_at, updated_at, summary) VALUES ('w', 'u', 's', 1, 'ACTIVE', 1, 1, 'x')",
  ],
  [
    "a workout of nobody",
    "INSERT INTO workouts (id, user_id, stream_name, start_time, status, created_at, updated_at) VALUES ('w', 'nobody', 's', 1, 'ACTIVE', 1, 1)",
  ],
  [
    "text where a time belongs",
    "INSERT INTO workouts (id, user_id, stream_name, start_time, status, created_at, updated_at) VALUES ('w', 'u', 's', 'noon', 'ACTIVE', 1, 1)",
  ],
  [
    "an e-mail address that differs in case only",
    "INSERT INTO users (id, email, created_at, updated_at) VALUES ('v', 'Rider@Example.org', 1, 1)",
  ],
];

test.each(MUST_FAIL)("the database itself refuses %s", async (_, statement) => {
  await migrateDatabase(database);
  await database.run(
    sql`INSERT INTO users (id, email, created_at, updated_at) VALUES ('u', 'rider@example.org', 1, 1)`,
  );
  expect(await failureOf(database.$client.execute(statement))).toMatchObject({ code: "SQLITE_CONSTRAINT" });
});
