import { basename } from "node:path";
import Database from "libsql";
import type { Config } from "../config.ts";
import { BUSY_TIMEOUT_MS } from "../db/busy-timeout.ts";
import { toError } from "../db/errors.ts";
import { checkIntegrity } from "../db/integrity.ts";
import type { LocalFile } from "../db/local-files.ts";
import { readMigrations } from "../db/migrate.ts";
import { openReadOnly, rowsOf } from "../db/read-only.ts";
import { HOW_TO_WRITE, hindrance } from "../db/writable.ts";
import { fileSize } from "../file-system.ts";
import { checkTelemetry } from "./check-telemetry.ts";
import { type Finding, megabytes } from "./finding.ts";
import { lastMigration, schemaProblems } from "./schema-problems.ts";

/** A write-ahead log that large is not folded in any more: it usually stays below 5 MB. */
const LARGE_LOG_BYTES = 64_000_000;

/** Free pages are worth giving back from this share and size on. */
const MUCH_FREE = { share: 0.25, bytes: 10_000_000 };

const REPAIR = "Stop the server and run `bpt doctor --repair`.";

/** All that is wrong with a file, in words; empty when it is sound and has what it must have. */
export function problemsOf(file: LocalFile): string[] {
  const problems = checkIntegrity(file.path);
  return problems.length > 0 ? problems : schemaProblems(file);
}

/** Whether a file is sound, and where it is, what else there is to say of it. Reads all of it. */
export function checkFile(file: LocalFile, config: Config): Finding[] {
  const name = basename(file.path);
  try {
    const problems = problemsOf(file);
    if (problems.length === 0) return [sound(file), ...checkSound(file, config)];
    const message = `${name} is damaged: ${problems.join("; ")}`;
    return [{ check: "integrity", status: "problem", message, advice: REPAIR }];
  } catch (error) {
    const message = `${name} cannot be read: ${toError(error).message}`;
    return [{ check: "integrity", status: "problem", message, advice: WHO_HOLDS }];
  }
}

const WHO_HOLDS =
  "See which program has it open, with `fuser -v` on the file, and end that; look at its permissions too.";

function sound({ path }: LocalFile): Finding {
  return {
    check: "integrity",
    status: "ok",
    message: `${basename(path)} is sound, ${megabytes(fileSize(path))}`,
  };
}

function checkSound(file: LocalFile, config: Config): Finding[] {
  const database = openReadOnly(file.path);
  try {
    return [
      checkJournal(file, database, config),
      checkLog(file),
      checkFreePages(file, database),
      ...(file.kind === "buffer" ? [] : [...checkTelemetry(file), checkMigrations(database)]),
      ...(file.kind === "replica" ? [] : [checkLock(file)]),
    ];
  } finally {
    database.close();
  }
}

function checkJournal(
  { kind, path }: LocalFile,
  database: Database.Database,
  { durability }: Config,
): Finding {
  const [row] = rowsOf<{ journal_mode: string }>(database, "PRAGMA journal_mode");
  const name = basename(path);
  if (row?.journal_mode === "wal") {
    const isRelaxed = kind === "buffer" && durability === "relaxed";
    const flushed = isRelaxed
      ? "the last seconds of samples may go with the power"
      : "every commit is flushed";
    return { check: "journal", status: "ok", message: `${name} has a write-ahead log; ${flushed}` };
  }
  return { check: "journal", status: "ok", message: `${name} gets its write-ahead log at the next start` };
}

function checkLog({ path }: LocalFile): Finding {
  const bytes = fileSize(`${path}-wal`);
  const message = `The write-ahead log of ${basename(path)} has ${megabytes(bytes)}`;
  if (bytes <= LARGE_LOG_BYTES) return { check: "log", status: "ok", message };
  const advice =
    "End programs that keep a read open on the file, then restart the server: it folds the log in.";
  return { check: "log", status: "warning", message, advice };
}

function checkFreePages({ path }: LocalFile, database: Database.Database): Finding {
  const [row] = rowsOf<{ free: number; share: number }>(
    database,
    `SELECT freelist_count * page_size AS free, freelist_count * 1.0 / max(page_count, 1) AS share
     FROM pragma_freelist_count, pragma_page_count, pragma_page_size`,
  );
  const { free, share } = row ?? { free: 0, share: 0 };
  const message = `${megabytes(free)} of ${basename(path)} are free`;
  if (free < MUCH_FREE.bytes || share < MUCH_FREE.share)
    return { check: "free pages", status: "ok", message };
  return { check: "free pages", status: "warning", message, advice: `To give them back: ${REPAIR}` };
}

function checkMigrations(database: Database.Database): Finding {
  const last = lastMigration(database);
  const known = readMigrations();
  const pending = known.filter(({ folderMillis }) => folderMillis > last).length;
  const check = "migrations";
  if (!known.some(({ folderMillis }) => folderMillis >= last)) {
    const message = "The database was written by a newer version of this program";
    return { check, status: "problem", message, advice: "Install that version, or restore a backup." };
  }
  if (pending === 0) return { check, status: "ok", message: `All ${known.length} migrations are applied` };
  const message = `${pending} of ${known.length} migrations are pending`;
  return { check, status: "warning", message, advice: "The server applies them at its next start." };
}

/** Takes the write lock and lets it go again; who wants it meanwhile waits for longer than that takes. */
function checkLock({ path }: LocalFile): Finding {
  const hindered = hindrance(path);
  if (hindered !== undefined) {
    return { check: "lock", status: "problem", message: hindered, advice: HOW_TO_WRITE };
  }
  const name = basename(path);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec("BEGIN IMMEDIATE");
    database.exec("ROLLBACK");
    return { check: "lock", status: "ok", message: `${name} can be written` };
  } catch (error) {
    const message = `${name} cannot be written: ${toError(error).message}`;
    return { check: "lock", status: "problem", message, advice: WHO_HOLDS };
  } finally {
    database.close();
  }
}
