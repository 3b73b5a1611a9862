import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { temporaryDirectory } from "../support/directory.ts";

const PAGE = 4096;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let path: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, "a name with % and ?.db");
  const database = new Database(path);
  database.exec(`
    CREATE TABLE parent (id TEXT PRIMARY KEY) STRICT;
    CREATE TABLE child (id TEXT NOT NULL, parent TEXT REFERENCES parent, note TEXT) STRICT;
    CREATE INDEX child_note ON child (note);`);
  database.exec("BEGIN");
  database.exec("INSERT INTO parent VALUES ('p')");
  const insert = database.prepare("INSERT INTO child VALUES (?, 'p', ?)");
  for (let row = 0; row < 500; row++) insert.run([`child ${row}`, `über ${row}`]);
  database.exec("COMMIT");
  database.close();
});
afterEach(() => directory.remove());

async function change(edit: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  edit(bytes);
  await writeFile(path, bytes);
}

test("a sound file has no problems", () => {
  expect(checkIntegrity(path)).toEqual([]);
  expect(checkIntegrity(path, { quick: true })).toEqual([]);
});

const DAMAGE: [string, (bytes: Buffer) => void][] = [
  ["pages overwritten", (bytes) => bytes.fill(0x55, 5 * PAGE, 7 * PAGE)],
  ["pages zeroed", (bytes) => bytes.fill(0, 5 * PAGE, 7 * PAGE)],
  ["the header overwritten", (bytes) => bytes.fill(0x55, 0, 100)],
  ["a format that there is not", (bytes) => bytes.writeUInt32BE(0x80, 44)],
  // Sound to SQLite, which writes no such file.
  ["a format that can only be read", (bytes) => bytes.writeUInt8(3, 18)],
  // Valid to SQLite, and the end of a process that reads it.
  [
    "a text that is not UTF-8",
    (bytes) => {
      // Also in what is left of it where the row has been moved from.
      for (let at = bytes.indexOf("child 77"); at >= 0; at = bytes.indexOf("child 77")) bytes[at] = 0xff;
    },
  ],
];

test.each(DAMAGE)("%s is a problem", async (_, edit) => {
  await change(edit);
  expect(checkIntegrity(path)).not.toEqual([]);
  expect(checkIntegrity(path, { quick: true })).not.toEqual([]);
});

test("a file cut short is a problem", async () => {
  await truncate(path, 6 * PAGE);
  expect(checkIntegrity(path)).not.toEqual([]);
});

test("an index that does not agree with its table is one of the full check", async () => {
  await change((bytes) => {
    const note = bytes.lastIndexOf("über 77");
    bytes.write("x", note);
  });
  expect(checkIntegrity(path).length).toBeGreaterThan(0);
});

test("a row whose parent is gone is one of the full check", () => {
  const database = new Database(path);
  database.exec("PRAGMA foreign_keys = OFF");
  database.exec("DELETE FROM parent");
  database.close();
  expect(checkIntegrity(path)).toEqual(["child: 500 rows refer to no row of parent"]);
  expect(checkIntegrity(path, { quick: true })).toEqual([]);
});

test("a file that is not there is no sound one", () => {
  expect(() => checkIntegrity(join(directory.path, "nowhere.db"))).toThrow();
});
