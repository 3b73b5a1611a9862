import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { salvageBuffer, salvageDatabase } from "../../src/salvage/salvage.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { makeBuffer, makeDatabase, randomFrom } from "./specimen.ts";
import { hasYardstick, readTable, recover } from "./yardstick.ts";

setDefaultTimeout(60_000);

const NOW = Date.UTC(2026, 11, 1);
const PAGE = 4096;
const SEEDS = Array.from({ length: Number(process.env.SALVAGE_SEEDS ?? 8) }, (_, seed) => seed);

const KINDS = {
  database: {
    tables: ["users", "workouts", "telemetry", "best_efforts", "ftp_history", "api_keys", "refresh_tokens"],
    make: makeDatabase,
    salvage: (from: string, to: string) => salvageDatabase(from, to, NOW),
  },
  buffer: {
    tables: ["stream", "message", "high_water", "deleted_stream"],
    make: makeBuffer,
    salvage: (from: string, to: string) => salvageBuffer(from, to, { now: NOW, owner: "user-0" }),
  },
};

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

describe.each(["database", "buffer"] as const)("of a damaged %s", (kind) => {
  const { tables, salvage } = KINDS[kind];

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

test("a sound file is salvaged whole", async () => {
  for (const { tables, salvage, kind } of Object.entries(KINDS).map(([kind, rest]) => ({ kind, ...rest }))) {
    await copyFile(at(kind), at(`${kind}-sound`));
    salvage(at(`${kind}-sound`), at(`${kind}-again`));
    for (const table of tables)
      expect(readTable(at(`${kind}-again`), table)).toEqual(readTable(at(kind), table));
  }
});
