import { FINISH_RESTORE, isRestoreUnderWay } from "../backup/swap.ts";
import type { Config } from "../config.ts";
import { isMissing, ownFiles } from "../db/local-files.ts";
import { HOW_TO_GO_ON, lostDatabase } from "../db/lost-database.ts";
import type { Finding } from "./finding.ts";

/** Whether the files are there that ought to be, each in its place; what is wrong only. */
export function checkPresence(config: Config): Finding[] {
  if (isRestoreUnderWay(config.dataDirectory)) {
    const message = "A restore was interrupted: restore.json is there";
    return [{ check: "restore", status: "problem", message, advice: FINISH_RESTORE }];
  }
  const lost = lostDatabase(config);
  if (lost !== undefined) {
    return [{ check: "database", status: "problem", message: lost, advice: HOW_TO_GO_ON }];
  }
  const missing = ownFiles(config).find(({ kind, path }) => kind !== "buffer" && isMissing(path));
  if (!missing) return [];
  const message = `There is no database yet: nothing is in ${missing.path}`;
  const advice = "The server makes it when it starts. If there was one, see DATA_DIR and DATABASE_URL.";
  return [{ check: "database", status: "warning", message, advice }];
}
