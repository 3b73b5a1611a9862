import { LibsqlError } from "@libsql/client/sqlite3";
import { DrizzleQueryError } from "drizzle-orm";

/** drizzle wraps the driver's error in its own; the code is in the cause. */
function driverError(error: unknown): LibsqlError | undefined {
  if (error instanceof LibsqlError) return error;
  return error instanceof Error && error.cause !== undefined ? driverError(error.cause) : undefined;
}

export function isUniqueViolation(error: unknown): boolean {
  const { code, extendedCode, message = "" } = driverError(error) ?? {};
  if (extendedCode !== undefined) return /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$/.test(extendedCode);
  // A remote database tells which constraint it was in words only.
  return code === "SQLITE_CONSTRAINT" && message.includes("UNIQUE constraint failed");
}

/** What a row belongs to is not there, be it that it was deleted meanwhile. */
export function isForeignKeyViolation(error: unknown): boolean {
  const { code, extendedCode, message = "" } = driverError(error) ?? {};
  if (extendedCode !== undefined) return extendedCode === "SQLITE_CONSTRAINT_FOREIGNKEY";
  return code === "SQLITE_CONSTRAINT" && message.includes("FOREIGN KEY constraint failed");
}

/** Busy, full, broken or unreachable: nothing the caller did wrong, and the same call may work later. */
export function isStoreFailure(error: unknown): boolean {
  const code = driverError(error)?.code;
  return code !== undefined && !/^(SQLITE_(CONSTRAINT|ERROR|UNKNOWN|MISMATCH|RANGE|TOOBIG)|SQL_)/.test(code);
}

/** Of such failures, one that passes as others finish or a server comes back: worth waiting for. */
export function mayPass(error: unknown): boolean {
  return /^(SQLITE_BUSY|DATABASE_BUSY|REMOTE_UNREACHABLE|REMOTE_BUSY|SERVER_ERROR)/.test(
    driverError(error)?.code ?? "",
  );
}

/**
 * Whether it says that what is stored is damaged: by its code, or in words, which are all that comes from a thread. A
 * version that is unknown is damage too, since a database of a later program is not opened.
 */
export function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return (
    /^(SQLITE_(CORRUPT|NOTADB)|telemetry_(damaged|version_unknown))/.test(code) ||
    DAMAGE.test(error.message) ||
    isDamage(error.cause)
  );
}

const DAMAGE = /database disk image is malformed|file is not a database|unsupported file format/;

/**
 * A failure of the database in words for the operator: the driver's, since drizzle's have the query in them and its
 * values, be one of them a secret. An error of ours has its own, whatever it was caused by.
 */
export function forOperator(error: unknown): unknown {
  const isOurs = !(error instanceof LibsqlError || error instanceof DrizzleQueryError);
  const cause = driverError(error);
  if (isOurs || !cause) return error;
  const { message } = cause;
  const words = isDamage(cause) ? "is damaged: `bpt doctor` tells more." : `cannot be used. ${message}`;
  return new Error(`The database ${words}`, { cause });
}

export function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
