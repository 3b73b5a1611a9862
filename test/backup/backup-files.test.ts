import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { backupName, listBackups, timeOf } from "../../src/backup/backup-files.ts";
import { temporaryDirectory } from "../support/directory.ts";

test("a name tells the time, to the second", () => {
  expect(backupName(new Date("2026-10-01T02:00:00.900Z"))).toBe("bpt-2026-10-01T020000Z.tar.gz");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), (seconds) => {
      expect(timeOf(backupName(new Date(seconds * 1000)))?.getTime()).toBe(seconds * 1000);
    }),
  );
});

test.each([
  "bpt.db",
  "bpt-2026-10-01T020000Z.tar.gz.part",
  "old-bpt-2026-10-01T020000Z.tar.gz",
  "bpt-2026-02-30T020000Z.tar.gz",
  "bpt-2026-10-01T250000Z.tar.gz",
  "bpt-2026-10-01.tar.gz",
])("%s is not the name of a backup", (name) => {
  expect(timeOf(name)).toBeUndefined();
});

test("backups are listed from the newest, and nothing else is", async () => {
  const directory = await temporaryDirectory();
  const names = ["bpt-2026-09-30T020000Z.tar.gz", "bpt-2026-10-01T020000Z.tar.gz", "notes.txt"];
  for (const name of names) await writeFile(join(directory.path, name), "x");
  await mkdir(join(directory.path, "bpt-backup.part"));
  expect(await listBackups(directory.path)).toEqual([
    { path: join(directory.path, names[1] ?? ""), madeAt: new Date("2026-10-01T02:00:00Z"), bytes: 1 },
    { path: join(directory.path, names[0] ?? ""), madeAt: new Date("2026-09-30T02:00:00Z"), bytes: 1 },
  ]);
  await directory.remove();
  expect(await listBackups(directory.path)).toEqual([]);
});
