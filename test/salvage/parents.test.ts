import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { openReadOnly, rowsOf } from "../../src/db/read-only.ts";
import { salvageBuffer, salvageDatabase } from "../../src/salvage/salvage.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { makeBuffer, makeDatabase } from "./specimen.ts";

setDefaultTimeout(30_000);

const NOW = Date.UTC(2026, 11, 1);
const PAGE = 4096;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(directory.path, name);

beforeAll(async () => {
  directory = await temporaryDirectory();
  await makeDatabase(at("bpt.db"));
  await makeBuffer(at("streams.db"));
});
afterAll(() => directory.remove());

function query<Row>(name: string, sql: string): Row[] {
  const database = openReadOnly(at(name));
  try {
    return rowsOf<Row>(database, sql);
  } finally {
    database.close();
  }
}

/** A copy in which all pages of some trees are overwritten. */
async function without(name: string, copy: string, trees: string[]): Promise<void> {
  const bytes = await readFile(at(name));
  const pages = query<{ pageno: number }>(
    name,
    `SELECT pageno FROM dbstat WHERE pagetype <> 'overflow' AND name IN (${trees.map((tree) => `'${tree}'`)})`,
  );
  for (const { pageno } of pages) bytes.fill(0x5a, (pageno - 1) * PAGE, pageno * PAGE);
  await writeFile(at(copy), bytes);
}

test("accounts come back from their indexes, with all that is theirs, and without a password", async () => {
  await without("bpt.db", "no-users", ["users"]);
  const tables = salvageDatabase(at("no-users"), at("users-again"), NOW);
  expect(tables.get("users")).toMatchObject({ salvaged: 0, remains: { length: 3 } });
  expect(
    query<object>("users-again", "SELECT id, email, password_hash, created_at FROM users ORDER BY id"),
  ).toEqual(
    [0, 1, 2].map((user) => ({
      id: `user-${user}`,
      email: `rider${user}@example.org`,
      password_hash: null,
      created_at: NOW,
    })),
  );
  const count = "SELECT (SELECT count(*) FROM workouts) AS rides, (SELECT count(*) FROM api_keys) AS keys";
  expect(query<object>("users-again", count)).toEqual(query<object>("bpt.db", count));
});

test("rides come back from indexes and telemetry, to be derived again", async () => {
  await without("bpt.db", "no-rides", ["workouts"]);
  salvageDatabase(at("no-rides"), at("rides-again"), NOW);
  const rides = "SELECT id, user_id, stream_name, start_time, status FROM workouts ORDER BY id";
  expect(query<object>("rides-again", rides)).toEqual(query<object>("bpt.db", rides));
  expect(
    query<object>(
      "rides-again",
      "SELECT DISTINCT title, is_stale, summary ->> 'sampleCount' AS samples FROM workouts",
    ),
  ).toEqual([{ title: "Salvaged ride", is_stale: 1, samples: 0 }]);
  const efforts = "SELECT * FROM best_efforts ORDER BY workout_id, duration";
  expect(query<object>("rides-again", efforts)).toEqual(query<object>("bpt.db", efforts));
});

test("what is known of no rider goes to the lost and found", async () => {
  const workouts = query<{ name: string }>(
    "bpt.db",
    "SELECT name FROM sqlite_schema WHERE tbl_name IN ('workouts', 'best_efforts', 'users')",
  );
  await without(
    "bpt.db",
    "no-owners",
    workouts.map(({ name }) => name),
  );
  salvageDatabase(at("no-owners"), at("owners-again"), NOW);
  expect(checkIntegrity(at("owners-again"))).toEqual([]);
  expect(query<object>("owners-again", "SELECT user_id, count(*) AS rides FROM workouts GROUP BY 1")).toEqual(
    [{ user_id: "lost-and-found", rides: 90 }],
  );
  const users = "SELECT id, email FROM users WHERE id IN ('user-1', 'lost-and-found') ORDER BY id";
  expect(query<object>("owners-again", users)).toEqual([
    { id: "lost-and-found", email: "lost-and-found@localhost" },
    { id: "user-1", email: "user-1@localhost" },
  ]);
});

test("efforts come back from their ranking", async () => {
  await without("bpt.db", "no-efforts", ["best_efforts"]);
  salvageDatabase(at("no-efforts"), at("efforts-again"), NOW);
  const efforts = "SELECT * FROM best_efforts ORDER BY workout_id, duration";
  expect(query<object>("efforts-again", efforts)).toEqual(query<object>("bpt.db", efforts));
});

test("streams come back from their index, and without that as those of the owner given", async () => {
  const streams = "SELECT id, owner, name FROM stream ORDER BY id";
  await without("streams.db", "no-streams", ["stream"]);
  const options = { now: NOW, owner: "user-2" };
  salvageBuffer(at("no-streams"), at("streams-again"), options);
  expect(query<object>("streams-again", streams)).toEqual(query<object>("streams.db", streams));

  await without("streams.db", "no-names", ["stream", "sqlite_autoindex_stream_1"]);
  salvageBuffer(at("no-names"), at("names-again"), options);
  const ids = query<{ id: number }>("streams.db", "SELECT DISTINCT stream_id AS id FROM message ORDER BY 1");
  expect(query<object>("names-again", streams)).toEqual(
    ids.map(({ id }) => ({ id, owner: "user-2", name: `salvaged-${id}` })),
  );
});

test("messages that cannot be read as such are kept as text", async () => {
  const bytes = await readFile(at("streams.db"));
  const text = '{"message":"{\\"power\\":250}"';
  for (let found = bytes.indexOf(text); found >= 0; found = bytes.indexOf(text)) bytes.write("X", found);
  await writeFile(at("spoilt"), bytes);
  salvageBuffer(at("spoilt"), at("spoilt-again"), { now: NOW, owner: "user-0" });
  const spoilt = "SELECT count(*) AS messages FROM message WHERE data ->> 'message' LIKE 'X\"message\":%'";
  // Of five streams with four batches each.
  expect(query<object>("spoilt-again", spoilt)).toEqual([{ messages: 20 }]);
});
