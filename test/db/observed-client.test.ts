import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import type { Client } from "@libsql/client";
import pino from "pino";
import type { QueryObserver } from "../../src/db/observed-client.ts";
import { openClient } from "../../src/db/open.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { watchQueries } from "../../src/metrics/slowness.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { failureOf } from "../support/failure.ts";
import { describeWithSqld, startSqld } from "../support/sqld.ts";

type Query = { statement: string; waited: number | undefined; ran: number };

/** Half a second of work, and on no machine less than a tenth. */
const SLOW = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000)
  SELECT count(*) FROM n WHERE x <> ?`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let client: Client;
let queries: Query[];
const note: QueryObserver = ({ statement, waited, ran }) =>
  void queries.push({ statement: statement(), waited, ran });
const open = (onQuery: QueryObserver) =>
  openClient({ url: `file:${join(directory.path, "test.db")}` }, { onQuery });

beforeEach(async () => {
  directory = await temporaryDirectory();
  queries = [];
  client = await open(note);
  await client.execute("CREATE TABLE t (a TEXT UNIQUE) STRICT");
  queries = [];
});
afterEach(async () => {
  client.close();
  await directory.remove();
});

test("a query is told of without its values, with the time it waited apart from the time it ran", async () => {
  const slow = client.execute({ sql: SLOW, args: ["secret"] });
  const quick = client.execute("INSERT INTO t VALUES (?)", ["secret"]);
  await Promise.all([slow, quick]);
  expect(queries.map(({ statement }) => statement)).toEqual([
    SLOW.replace(/\s+/g, " "),
    "INSERT INTO t VALUES (?)",
  ]);
  const [first, second] = queries;
  expect(second?.waited).toBeGreaterThanOrEqual(first?.ran ?? Number.NaN);
  expect(first?.ran).toBeGreaterThan(second?.ran ?? Number.NaN);
});

test("a transaction is told of as one, however it ends, and so is a query that fails", async () => {
  const insert = (transaction: Pick<Client, "execute">, value: string) =>
    transaction.execute({ sql: "INSERT INTO t VALUES (?)", args: [value] });
  const committed = await client.transaction();
  await insert(committed, "a");
  await insert(committed, "b");
  await committed.batch([{ sql: "DELETE FROM t WHERE a = ?", args: ["b"] }]);
  await committed.commit();
  const rolledBack = await client.transaction();
  expect(String(await failureOf(insert(rolledBack, "a")))).toContain("UNIQUE");
  await rolledBack.rollback();
  (await client.transaction()).close();
  expect(String(await failureOf(insert(client, "a")))).toContain("UNIQUE");
  expect(queries.map(({ statement }) => statement)).toEqual([
    "BEGIN; INSERT INTO t VALUES (?); DELETE FROM t WHERE a = ?; COMMIT",
    "BEGIN; INSERT INTO t VALUES (?); ROLLBACK",
    "BEGIN",
    "INSERT INTO t VALUES (?)",
  ]);
});

test("only a slow query is counted and logged, and not what waited for it", async () => {
  const lines: string[] = [];
  const metrics = createMetrics();
  client.close();
  client = await open(
    watchQueries(metrics, pino({ base: null }, { write: (line) => void lines.push(line) })),
  );
  await Promise.all([
    client.execute({ sql: SLOW, args: ["secret"] }),
    client.execute("INSERT INTO t VALUES (?)", ["secret"]),
  ]);
  expect(metrics.slowQueries).toBe(1);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 40,
      time: expect.any(Number),
      statement: SLOW.replace(/\s+/g, " "),
      ranMs: expect.any(Number),
      waitedMs: expect.any(Number),
      msg: "slow query",
    },
  ]);
  expect(metrics.lockWait.counts.reduce((sum, count) => sum + count)).toBe(2);
  expect(metrics.lockWait.sum).toBeGreaterThan(0.1);
});

describeWithSqld("of a remote database", () => {
  test("queries are told of too; what they waited for is not known", async () => {
    await using sqld = await startSqld();
    const remote = await openClient({ url: sqld.url }, { onQuery: note });
    await remote.execute("CREATE TABLE t (a TEXT)");
    const transaction = await remote.transaction("write");
    await transaction.execute({ sql: "INSERT INTO t VALUES (?)", args: ["secret"] });
    await transaction.commit();
    await remote.batch([["SELECT a FROM t WHERE a = ?", ["secret"]]], "read");
    remote.close();
    expect(queries).toEqual([
      { statement: "CREATE TABLE t (a TEXT)", waited: undefined, ran: expect.any(Number) },
      { statement: "BEGIN; INSERT INTO t VALUES (?); COMMIT", waited: undefined, ran: expect.any(Number) },
      { statement: "SELECT a FROM t WHERE a = ?", waited: undefined, ran: expect.any(Number) },
    ]);
  }, 20_000);
});
