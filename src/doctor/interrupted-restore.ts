import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";

export const FINISH_RESTORE =
  "Start the server or run `bpt restore` again, which finishes it. Leave *.restoring and replaced-* alone until then.";

/** Whether files are about to take the places of others: what is there now is then of two times. */
export function isRestoreInterrupted({ dataDirectory }: Config): boolean {
  return existsSync(join(dataDirectory, "restore.json"));
}
