import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { checkIntegrity } from "../../src/db/integrity.ts";
import { salvageBuffer, salvageDatabase } from "../../src/salvage/salvage.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { beginWithoutPointerMap, copyDatabase, makeBuffer, makeDatabase, randomFrom } from "./specimen.ts";

setDefaultTimeout(120_000);

const NOW = Date.UTC(2026, 11, 1);
const PAGE = 4096;
const SEEDS = Array.from({ length: Number(process.env.SALVAGE_SEEDS ?? 8) }, (_, seed) => seed);

/** A salvage of these files takes a fifth of a second. */
const LONGEST_MS = 20_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(directory.path, name);

beforeAll(async () => {
  directory = await temporaryDirectory();
  beginWithoutPointerMap(at("old"));
  await Promise.all([makeDatabase(at("database")), makeDatabase(at("old")), makeBuffer(at("buffer"))]);
  await makeLog();
});
afterAll(() => directory.remove());

/** The database with changes that are in its log only: "logged". */
async function makeLog(): Promise<void> {
  await copyDatabase(at("database"), at("logging"));
  const database = new Database(at("logging"));
  database.exec("UPDATE workouts SET title = title || ' again'; DELETE FROM telemetry WHERE rowid % 3 = 0");
  database.exec("UPDATE users SET updated_at = updated_at + 1");
  await copyDatabase(at("logging"), at("logged"));
  database.close();
}

/** Salvages a file and looks at what came of it; the milliseconds that took. */
function salvaged(path: string, isBuffer: boolean): number {
  const start = performance.now();
  if (isBuffer) salvageBuffer(path, `${path}.salvaged`, { now: NOW, owner: "user-0" });
  else salvageDatabase(path, `${path}.salvaged`, NOW);
  const duration = performance.now() - start;
  expect(checkIntegrity(`${path}.salvaged`)).toEqual([]);
  return duration;
}

/** The header, pages that say what others are for, and all else: overwritten, or with what lures into circles. */
function spoil(bytes: Buffer, seed: number): void {
  const random = randomFrom(seed);
  const pages = Math.floor(bytes.length / PAGE);
  const noise = (start: number, length: number) => {
    for (let at = start; at < Math.min(start + length, bytes.length); at++) bytes[at] = random(256);
  };
  const word = (position: number, value: number) => {
    if (position + 4 <= bytes.length) bytes.writeUInt32BE(value, position);
  };
  const anyPage = () => random(pages) * PAGE;
  const kinds = [
    () => noise(random(100), 1 + random(20)),
    () => word([16, 20, 28, 32, 36, 52][random(6)] ?? 0, random(2) === 0 ? random(pages) : random(2 ** 32)),
    () => noise(PAGE + random(PAGE), 1 + random(PAGE)),
    () => noise(bytes.readUInt32BE(32) * PAGE - PAGE + random(PAGE), 1 + random(PAGE)),
    () => noise(random(bytes.length), 1 + random(3 * PAGE)),
    // A page written to the place of another, and pointers to pages that are there.
    () => bytes.copyWithin(anyPage(), anyPage(), anyPage() + PAGE),
    () => bytes.copy(bytes, anyPage(), anyPage(), bytes.length),
    () => word(anyPage() + 8, 1 + random(pages)),
    () => word(anyPage(), 1 + random(pages)),
    () => word(random(bytes.length / 4) * 4, 1 + random(pages)),
    () => bytes.fill([0, 2, 5, 10, 13, 255][random(6)] ?? 0, anyPage(), anyPage() + PAGE),
  ];
  for (let count = 1 + random(20); count > 0; count--) kinds[random(kinds.length)]?.();
}

test.each(SEEDS)(
  "whatever the bytes are, a salvage ends soon and with a sound file, seed %i",
  async (seed) => {
    for (const name of ["database", "old", "buffer", "logged"]) {
      const path = at(`${name}-${seed}`);
      await copyDatabase(at(name), path);
      for (const file of name === "logged" ? [path, `${path}-wal`] : [path]) {
        const bytes = await readFile(file);
        // The salts and checksums of a log, of its header or of a frame, or nothing of the log.
        if (file === path) spoil(bytes, seed);
        else if (seed % 3 > 0) bytes.writeUInt32BE(seed, (seed % 2 === 0 ? 16 : 32 + 8) + (seed % 4) * 4);
        await writeFile(file, bytes);
      }
      expect(salvaged(path, name === "buffer")).toBeLessThan(LONGEST_MS);
    }
  },
);

test("many entries that all lead into one long chain of pages are not followed each time", async () => {
  const pages = 1500;
  const bytes = Buffer.alloc(pages * PAGE);
  const leaves = 500;
  // Each overflow page leads to the next, and the last to the first.
  for (let page = leaves; page < pages; page++)
    bytes.writeUInt32BE(page + 1 < pages ? page + 2 : leaves + 1, page * PAGE);
  for (let leaf = 1; leaf < leaves; leaf++)
    fillWithEntries(bytes.subarray(leaf * PAGE, (leaf + 1) * PAGE), leaves + 1);
  await writeFile(at("chain"), bytes);
  expect(salvaged(at("chain"), false)).toBeLessThan(LONGEST_MS);
});

/** As many cells as there is room for, each of an entry of megabytes that goes on at a page. */
function fillWithEntries(page: Buffer, overflow: number): void {
  // In eight bytes: how long an entry is, a rowid of 0, and, the zero taken for both, the number of that page.
  const local = (length: number) => 489 + ((length - 489) % (PAGE - 4));
  let length = 3 * 2 ** 20;
  while (local(length) % 8 !== 7 || local(length) > 600) length += 1;
  const pattern = Buffer.alloc(8);
  for (const [index, shift] of [21, 14, 7, 0].entries()) {
    pattern[index] = ((length >> shift) & 0x7f) | (shift > 0 ? 0x80 : 0);
  }
  pattern.writeUInt32BE(overflow, 4);
  page.fill(pattern);
  const first = 1024;
  const count = Math.floor((PAGE - 700 - first) / 8);
  page.set([13, 0, 0, count >> 8, count & 0xff, 0, 0, 0]);
  for (let cell = 0; cell < count; cell++) page.writeUInt16BE(first + cell * 8, 8 + cell * 2);
}
