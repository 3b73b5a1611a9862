import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "@libsql/client";
import { openConnection } from "../../src/db/connection.ts";
import { closeClient, openClient } from "../../src/db/open.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { failureOf } from "../support/failure.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let path: string;
let url: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, "test.db");
  url = `file:${path}`;
});
afterEach(() => directory.remove());

const open = () => openClient({ url });

async function countRows(): Promise<number> {
  const client = createClient({ url });
  const { rows } = await client.execute("SELECT count(*) FROM t");
  client.close();
  return Number(rows[0]?.[0]);
}

/** Another connection holds the write lock while `during` runs. */
async function whileLocked(during: () => Promise<void>): Promise<void> {
  const other = createClient({ url });
  const transaction = await other.transaction("write");
  await during();
  await transaction.rollback();
  other.close();
}

/** One failed write for want of the lock, then five that report success. Resolves to how many did. */
async function writeAfterBusy(client: Client): Promise<number> {
  await whileLocked(async () => {
    expect(await failureOf(client.execute("INSERT INTO t VALUES ('busy')"))).toMatchObject({
      code: "SQLITE_BUSY",
    });
  });
  let acknowledged = 0;
  for (let index = 0; index < 5; index++) {
    await client.execute("INSERT INTO t VALUES ('after')");
    acknowledged += 1;
  }
  client.close();
  return acknowledged;
}

async function lostAfterBusy(makeClient: () => Promise<Client>): Promise<number> {
  const setUp = await open();
  await setUp.execute("CREATE TABLE t (v TEXT) STRICT");
  setUp.close();
  const acknowledged = await writeAfterBusy(await makeClient());
  return acknowledged - (await countRows());
}

test("a plain client loses acknowledged writes after one SQLITE_BUSY", async () => {
  expect(await lostAfterBusy(async () => createClient({ url, concurrency: 1, timeout: 50 }))).toBe(5);
});

test("ours loses none", async () => {
  expect(await lostAfterBusy(open)).toBe(0);
}, 20_000);

test("a connection for one owner loses none either, and keeps its statements", async () => {
  const connection = openConnection({ path });
  connection.run([{ sql: "CREATE TABLE t (v TEXT) STRICT" }]);
  const insert = (v: string) => connection.run([{ sql: "INSERT INTO t VALUES (?)", args: [v] }]);
  insert("before");
  await whileLocked(async () => {
    expect(() => insert("busy")).toThrow("locked");
  });
  for (let index = 0; index < 5; index++) insert("after");
  expect(await countRows()).toBe(6);
  const two = ["a", "b"].map((v) => ({ sql: "INSERT INTO t VALUES (?)", args: [v] }));
  expect(() => connection.run([...two, { sql: "INSERT INTO nowhere VALUES (1)" }])).toThrow("nowhere");
  expect(await countRows()).toBe(6);
  connection.run(two);
  expect(connection.run([{ sql: "SELECT count(*) FROM t" }])).toEqual([{ value: 8, changes: 0 }]);
  expect(connection.run([{ sql: "DELETE FROM t WHERE v = 'after'" }])).toEqual([
    { value: undefined, changes: 5 },
  ]);
  connection.close();
}, 20_000);

test("writes, batches and transactions asked for at once all happen, one after another", async () => {
  const client = await open();
  await client.execute("CREATE TABLE t (v INTEGER) STRICT");
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      if (index % 3 === 0) return client.execute({ sql: "INSERT INTO t VALUES (?)", args: [index] });
      if (index % 3 === 1)
        return client.batch([{ sql: "INSERT INTO t VALUES (?)", args: [index] }, "SELECT 1"]);
      const transaction = await client.transaction();
      const { rows } = await transaction.execute("SELECT count(*) FROM t");
      await transaction.execute({ sql: "INSERT INTO t VALUES (?)", args: [Number(rows[0]?.[0])] });
      if (index % 6 === 2) return transaction.rollback();
      return transaction.commit();
    }),
  );
  expect(await countRows()).toBe(50);
  await closeClient(client);
});

test("a transaction that fails lets the next one in, and its error is the one that is seen", async () => {
  const client = await open();
  await client.execute("CREATE TABLE t (v INTEGER NOT NULL) STRICT");
  const transaction = await client.transaction();
  await transaction.execute("INSERT INTO t VALUES (1)");
  expect(await failureOf(transaction.execute("INSERT INTO t VALUES (NULL)"))).toMatchObject({
    code: "SQLITE_CONSTRAINT",
    extendedCode: "SQLITE_CONSTRAINT_NOTNULL",
    message: "SQLITE_CONSTRAINT: NOT NULL constraint failed: t.v",
  });
  await transaction.rollback();
  await client.execute("INSERT INTO t VALUES (2)");
  expect(await countRows()).toBe(1);
  client.close();
});

test("two processes writing at once lose nothing", async () => {
  const client = await open();
  await client.execute("CREATE TABLE t (v TEXT) STRICT");
  const script = join(import.meta.dir, "../support/write-many.ts");
  const writers = ["a", "b"].map((name) =>
    Bun.spawn([process.execPath, script, url, name, "300"], { stderr: "inherit" }),
  );
  expect(await Promise.all(writers.map((writer) => writer.exited))).toEqual([0, 0]);
  expect(await countRows()).toBe(2 * 300 * 2);
  await closeClient(client);
}, 60_000);

test("the connection has its settings, also after it was made anew", async () => {
  const client = await open();
  const settings = async () => {
    const names = ["journal_mode", "busy_timeout", "foreign_keys", "synchronous", "temp_store", "cache_size"];
    const results = [];
    for (const name of names) results.push((await client.execute(`PRAGMA ${name}`)).rows[0]?.[0]);
    return results;
  };
  const expected = ["wal", 5000, 1, 2, 2, -4000];
  expect(await settings()).toEqual(expected);
  await client.reconnect();
  expect(await settings()).toEqual(expected);
  client.close();
});

describe("a connection that cannot be made anew when it should be", () => {
  const away = () => rename(directory.path, `${directory.path}-away`);
  const back = () => rename(`${directory.path}-away`, directory.path);

  test("is made by the next call that can, with its settings", async () => {
    const client = await openClient({ url });
    await client.execute("CREATE TABLE t (v TEXT) STRICT");
    const transaction = await client.transaction();
    await away();
    await transaction.execute("INSERT INTO nowhere VALUES (1)").catch(() => {});
    await transaction.rollback();
    for (let attempt = 0; attempt < 2; attempt++)
      expect(String(await failureOf(client.execute("INSERT INTO t VALUES ('lost')")))).toContain(
        "Unable to open",
      );
    await back();
    await client.execute("INSERT INTO t VALUES ('kept')");
    expect((await client.execute("PRAGMA synchronous")).rows[0]?.[0]).toBe(2);
    expect((await client.execute("PRAGMA cache_size")).rows[0]?.[0]).toBe(-4000);
    expect(await countRows()).toBe(1);
    client.close();
    expect(String(await failureOf(client.execute("SELECT 1")))).toContain("closed");
  });

  test("nor is that for one owner out of use for good", async () => {
    const connection = openConnection({ path });
    connection.run([{ sql: "CREATE TABLE t (v TEXT) STRICT" }]);
    await away();
    expect(() => connection.run([{ sql: "INSERT INTO nowhere VALUES (1)" }])).toThrow("nowhere");
    for (let attempt = 0; attempt < 2; attempt++)
      expect(() => connection.run([{ sql: "SELECT 1" }])).toThrow("Unable to open");
    await back();
    connection.run([{ sql: "INSERT INTO t VALUES ('kept')" }]);
    connection.close();
    expect(() => connection.run([{ sql: "SELECT 1" }])).toThrow("closed");
    expect(await countRows()).toBe(1);
  });
});

test("what is read is as it was written, whether here or in a transaction", async () => {
  const client = await open();
  await client.execute("CREATE TABLE t (id INTEGER, name TEXT, share REAL, data BLOB) STRICT");
  const data = Buffer.from("some bytes");
  const args = [7, "a name", 0.5, data];
  const { rowsAffected, lastInsertRowid } = await client.execute({
    sql: "INSERT INTO t VALUES (?, ?, ?, ?)",
    args,
  });
  expect({ rowsAffected, lastInsertRowid }).toEqual({ rowsAffected: 1, lastInsertRowid: 1n });
  // What was bound is still the caller's.
  expect(data.toString()).toBe("some bytes");
  const transaction = await client.transaction();
  await transaction.execute({ sql: "INSERT INTO t (id) VALUES (:id)", args: { id: 8 } });
  const select = "SELECT *, id AS name FROM t ORDER BY id";
  const batch = await transaction.batch([select]);
  const inside = [await transaction.execute(select), batch[0]];
  await transaction.commit();
  const outside = [
    await client.execute(select),
    (await client.batch([select]))[0],
    await client.execute(`WITH rows AS (${select}) SELECT * FROM rows`),
    (await client.migrate([select]))[0],
  ];
  for (const result of [...inside, ...outside]) {
    const [first, second] = result?.rows ?? [];
    if (!first || !second) throw new Error("There are not two rows.");
    expect(Array.from(first).slice(0, 3)).toEqual([7, "a name", 0.5]);
    expect(Array.prototype.slice.call(second)).toEqual([8, null, null, null, 8]);
    expect(Buffer.from(first.data as ArrayBuffer).toString()).toBe("some bytes");
    expect(first.name).toBe("a name");
    expect(Object.keys(second).slice(0, 4)).toEqual(["id", "name", "share", "data"]);
  }
  client.close();
});

test("a write is seen by a read that comes after it, however it was written", async () => {
  const client = await open();
  await client.execute("CREATE TABLE t (v INTEGER) STRICT");
  const count = async () => Number((await client.execute("SELECT count(*) FROM t")).rows[0]?.[0]);
  for (let round = 1; round <= 100; round++) {
    await client.execute("INSERT INTO t VALUES (1)");
    expect(await count()).toBe(3 * round - 2);
    await client.batch(["INSERT INTO t VALUES (1)"]);
    expect(await count()).toBe(3 * round - 1);
    const transaction = await client.transaction();
    await transaction.execute("INSERT INTO t VALUES (1)");
    expect(await count()).toBe(3 * round - 1);
    await transaction.commit();
    expect(await count()).toBe(3 * round);
  }
  client.close();
});

test("a client that only reads starts no thread and refuses to write", async () => {
  const setUp = await open();
  await setUp.execute("CREATE TABLE t (v INTEGER) STRICT");
  await closeClient(setUp);
  const reader = await openClient({ url, readOnly: true });
  expect((await reader.execute("SELECT count(*) FROM t")).rows[0]?.[0]).toBe(0);
  expect(await failureOf(reader.execute("INSERT INTO t VALUES (1)"))).toMatchObject({
    code: "SQLITE_READONLY",
  });
  reader.close();
});

test("a file whose name has signs that mean something in a URL is the one that is opened", async () => {
  const odd = join(directory.path, "a%41b?c#d e.db");
  const client = await openClient({ url: `file:${odd}` });
  await client.execute("CREATE TABLE t (v TEXT) STRICT");
  await closeClient(client);
  const connection = openConnection({ path: odd, readOnly: true });
  expect(connection.run([{ sql: "SELECT name FROM sqlite_schema" }])[0]?.value).toBe("t");
  connection.close();
});

test("closing folds the write-ahead log into the file", async () => {
  const client = await open();
  await client.execute("CREATE TABLE t (v TEXT) STRICT");
  await client.execute("INSERT INTO t VALUES ('kept')");
  await closeClient(client);
  expect(Bun.file(join(directory.path, "test.db-wal")).size).toBe(0);
  expect(await countRows()).toBe(1);
});

test("local calls, which are synchronous underneath, let the event loop turn", async () => {
  const client = await open();
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  for (let index = 0; index < 5000; index++) await client.execute("SELECT 1");
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
  client.close();
});
