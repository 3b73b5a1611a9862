import { test } from "bun:test";
import { backUpUnderLoad } from "../faults/backups.ts";

// `bun test/faults/backup.ts` makes as many backups as one likes.
test("a backup made while 50 riders post at 10 Hz has all that was acknowledged before it", async () => {
  await backUpUnderLoad({ riders: 50, backups: 1 });
}, 120_000);
