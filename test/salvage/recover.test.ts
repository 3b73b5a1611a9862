import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { openReadOnly, rowsOf } from "../../src/db/read-only.ts";
import { openPageFile } from "../../src/salvage/page-file.ts";
import { salvageBuffer, salvageDatabase } from "../../src/salvage/salvage.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { beginWithoutPointerMap, makeBuffer, makeDatabase, randomFrom } from "./specimen.ts";
import { hasYardstick, readTable, recover } from "./yardstick.ts";

setDefaultTimeout(60_000);

const NOW = Date.UTC(2026, 11, 1);
const PAGE = 4096;
const SEEDS = Array.from({ length: Number(process.env.SALVAGE_SEEDS ?? 8) }, (_, seed) => seed);

const DATABASE = {
  tables: ["users", "workouts", "telemetry", "best_efforts", "ftp_history", "api_keys", "refresh_tokens"],
  make: makeDatabase,
  salvage: (from: string, to: string) => salvageDatabase(from, to, NOW),
};
const BUFFER = {
  tables: ["stream", "message", "high_water", "deleted_stream"],
  make: makeBuffer,
  salvage: (from: string, to: string) => salvageBuffer(from, to, { now: NOW, owner: "user-0" }),
};

const KINDS = {
  database: DATABASE,
  buffer: BUFFER,
  "database of an earlier version": { ...DATABASE, make: inOldFile(makeDatabase) },
  "buffer of an earlier version": { ...BUFFER, make: inOldFile(makeBuffer) },
};

function inOldFile(make: (path: string) => Promise<void>): (path: string) => Promise<void> {
  return (path) => {
    beginWithoutPointerMap(path);
    return make(path);
  };
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(directory.path, name);

beforeAll(async () => {
  directory = await temporaryDirectory();
  for (const [kind, { make }] of Object.entries(KINDS)) await make(at(kind));
});
afterAll(() => directory.remove());

/** A damaged copy of the specimen of a kind, and where what is salvaged of it goes. */
async function damaged(kind: string, name: string, damage: (bytes: Buffer) => Buffer) {
  const path = at(`${kind}-${name}`);
  await writeFile(path, damage(await readFile(at(kind))));
  return { path, target: `${path}.salvaged`, recovered: `${path}.recovered` };
}

/** Its root page, which has others below it. */
function rootOf(path: string, table: string): number {
  const database = openReadOnly(path);
  try {
    const [root] = rowsOf<{ pageno: number }>(
      database,
      "SELECT pageno FROM dbstat WHERE name = ? AND path = '/' AND pagetype = 'internal'",
      table,
    );
    return root?.pageno ?? 0;
  } finally {
    database.close();
  }
}

/** Overwrites pages, runs of bytes and single bytes; sometimes cuts the end off. Nothing but garbage comes in. */
function overwrite(bytes: Buffer, seed: number): Buffer {
  const random = randomFrom(seed);
  const noise = (start: number, length: number) => {
    for (let at = start; at < Math.min(start + length, bytes.length); at++) bytes[at] = random(256);
  };
  for (let count = 1 + random(4); count > 0; count--) {
    const start = random(bytes.length);
    const kind = random(4);
    if (kind === 0) bytes.fill(random(256), start - (start % PAGE), Math.min(start + 3 * PAGE, bytes.length));
    if (kind === 1) noise(start - (start % PAGE), PAGE);
    if (kind === 2) noise(start, 1 + random(600));
    if (kind === 3) for (let byte = random(30); byte >= 0; byte--) noise(random(bytes.length), 1);
  }
  return random(8) === 0 ? bytes.subarray(0, bytes.length - random(bytes.length / 2)) : bytes;
}

describe.each(Object.entries(KINDS))("of a damaged %s", (kind, { tables, salvage }) => {
  test.skipIf(!hasYardstick).each(SEEDS)(
    "every row is salvaged that .recover finds, seed %i",
    async (seed) => {
      const { path, target, recovered } = await damaged(kind, `seed-${seed}`, (bytes) =>
        overwrite(bytes, seed),
      );
      recover(path, recovered);
      salvage(path, target);
      expect(checkIntegrity(target)).toEqual([]);
      for (const table of tables) {
        const original = readTable(at(kind), table);
        const ours = readTable(target, table);
        for (const [key, row] of readTable(recovered, table)) {
          if (original.get(key) === row)
            expect(`${table} ${key} ${ours.get(key)}`).toBe(`${table} ${key} ${row}`);
          if (original.has(key)) expect([table, row, ours.has(key)]).toEqual([table, row, true]);
        }
      }
    },
  );

  test("nothing is lost with the header of the file, and nothing deleted comes back", async () => {
    const { path, target } = await damaged(kind, "header", (bytes) => bytes.fill(0xa5, 0, 100));
    salvage(path, target);
    for (const table of tables) expect(readTable(target, table)).toEqual(readTable(at(kind), table));
  });

  test("nothing is lost without the first page, where the schema begins", async () => {
    const { path, target } = await damaged(kind, "first-page", (bytes) => bytes.fill(0xa5, 0, PAGE));
    salvage(path, target);
    for (const table of tables) expect(readTable(target, table)).toEqual(readTable(at(kind), table));
  });
});

test.each(Object.entries(KINDS))("a sound %s is salvaged whole", async (kind, { tables, salvage }) => {
  await copyFile(at(kind), at(`${kind}-sound`));
  salvage(at(`${kind}-sound`), at(`${kind}-again`));
  for (const table of tables)
    expect(readTable(at(`${kind}-again`), table)).toEqual(readTable(at(kind), table));
});

test("where the list of free pages is lost, the pointer map tells which ones they are", async () => {
  const { path, target } = await damaged("database", "free-list", (bytes) => {
    // The list's beginning and length, and the page that leads to all others of the tokens.
    bytes.fill(0xa5, 32, 40);
    const root = rootOf(at("database"), "refresh_tokens");
    return bytes.fill(0xa5, (root - 1) * PAGE, root * PAGE);
  });
  DATABASE.salvage(path, target);
  for (const table of DATABASE.tables)
    expect(readTable(target, table)).toEqual(readTable(at("database"), table));
});

test("the specimens have a pointer map, but for those of earlier versions", () => {
  const hasPointerMap = Object.keys(KINDS).map((kind) => {
    using file = openPageFile(at(kind));
    return file.pointerMap.has(2);
  });
  expect(hasPointerMap).toEqual([true, true, false, false]);
});
