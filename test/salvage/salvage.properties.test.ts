import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import Database from "libsql";
import { rowsOf } from "../../src/db/read-only.ts";
import { openPageFile } from "../../src/salvage/page-file.ts";
import { salvageRows } from "../../src/salvage/rows.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { copyDatabase } from "./specimen.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());

const TABLES = `
  CREATE TABLE keyed (id INTEGER PRIMARY KEY, a INTEGER, b REAL, c TEXT, d BLOB) STRICT;
  CREATE TABLE ordered (a INTEGER NOT NULL, c TEXT NOT NULL, b REAL, PRIMARY KEY (c, a)) STRICT, WITHOUT ROWID;
  CREATE INDEX keyed_c ON keyed (c);`;

const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const real = fc.double({ noNaN: true });
const text = fc.oneof(
  // The driver takes a text to end at NUL.
  fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
  fc.string({ unit: "grapheme", minLength: 1000, maxLength: 9000 }),
);
const blob = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 3000, maxLength: 20_000 }),
);
const nullable = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: null });
const rows = fc.record({
  keyed: fc.uniqueArray(
    fc.tuple(integer, nullable(integer), nullable(real), nullable(text), nullable(blob)),
    {
      selector: ([id]) => id,
      maxLength: 60,
    },
  ),
  ordered: fc.uniqueArray(fc.tuple(integer, text, nullable(real)), {
    selector: ([a, c]) => `${a} ${c}`,
    maxLength: 60,
  }),
});

const contents = (database: Database.Database) =>
  [
    "SELECT quote(id), quote(a), quote(b), hex(c), hex(d) FROM keyed",
    "SELECT quote(a), hex(c), quote(b) FROM ordered",
  ].map((sql) => rowsOf<object>(database, `${sql} ORDER BY 1, 2`));

type Pages = { free?: number; used?: number[] };

/** How many pages are free and which are used, the first one apart: it is always. */
function pagesByPointerMap(path: string): Pages {
  using file = openPageFile(path);
  const pages = Array.from({ length: file.pageCount }, (_, index) => index + 1);
  const free = pages.filter((page) => file.pointerMap.isFree(page) === true);
  const used = pages.filter((page) => file.pointerMap.isFree(page) === false);
  return used.length === 0 ? {} : { free: free.length, used };
}

function pagesBySqlite(database: Database.Database): Pages {
  const used = rowsOf<{ pageno: number }>(
    database,
    "SELECT pageno FROM dbstat WHERE pageno > 1 ORDER BY pageno",
  );
  const [list] = rowsOf<{ freelist_count: number }>(database, "PRAGMA freelist_count");
  return { free: list?.freelist_count ?? 0, used: used.map(({ pageno }) => pageno) };
}

test("what SQLite has stored, in the file or in its log, is read as SQLite reads it", async () => {
  let run = 0;
  const property = fc.asyncProperty(
    rows,
    fc.constantFrom(512, 1024, 4096, 65_536),
    fc.constantFrom("NONE", "FULL", "INCREMENTAL"),
    fc.boolean(),
    async ({ keyed, ordered }, pageSize, autoVacuum, isFoldedIn) => {
      run += 1;
      const path = join(directory.path, `${run}.db`);
      const source = new Database(path);
      source.exec(`PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = ${autoVacuum}`);
      source.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
      source.exec(TABLES);
      const insertKeyed = source.prepare("INSERT INTO keyed VALUES (?, ?, ?, ?, ?)");
      for (const row of keyed)
        insertKeyed.run(row.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)));
      if (isFoldedIn) source.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      for (const row of ordered) source.prepare("INSERT INTO ordered VALUES (?, ?, ?)").run(row);
      // What is left of it are free pages and gaps.
      for (const [id] of keyed.slice(0, keyed.length / 3))
        source.prepare("DELETE FROM keyed WHERE id = ?").run([id]);
      await copyDatabase(path, `${path}.copy`);

      const target = new Database(":memory:");
      target.exec(TABLES);
      salvageRows(`${path}.copy`, target, []);
      expect(contents(target)).toEqual(contents(source));
      expect(pagesByPointerMap(`${path}.copy`)).toEqual(autoVacuum === "NONE" ? {} : pagesBySqlite(source));
      source.close();
      target.close();
    },
  );
  await fc.assert(property, { numRuns: 40 });
}, 60_000);

test("of a log that is damaged or torn, as much is read as SQLite takes", async () => {
  const path = join(directory.path, "log.db");
  const source = new Database(path);
  source.exec("PRAGMA journal_mode = WAL");
  source.exec(TABLES);
  source.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  for (let row = 0; row < 40; row++) {
    source.prepare("INSERT INTO keyed VALUES (?, ?, NULL, ?, NULL)").run([row, row, "x".repeat(row * 200)]);
  }
  let run = 0;
  const property = fc.asyncProperty(fc.nat(), fc.boolean(), async (position, isTorn) => {
    run += 1;
    const copy = `${path}.${run}`;
    await copyDatabase(path, copy);
    const log = await readFile(`${copy}-wal`);
    const at = position % log.length;
    log[at] = (log[at] ?? 0) ^ 0x10;
    await writeFile(`${copy}-wal`, isTorn ? log.subarray(0, at) : log);
    const target = new Database(":memory:");
    target.exec(TABLES);
    salvageRows(copy, target, []);
    const recovered = new Database(copy);
    expect(contents(target)).toEqual(contents(recovered));
    recovered.close();
    target.close();
  });
  await fc.assert(property, { numRuns: 40 });
  source.close();
}, 60_000);
