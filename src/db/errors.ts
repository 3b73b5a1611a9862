import { LibsqlError } from "@libsql/client/sqlite3";

/** drizzle wraps the driver's error in its own; the code is in the cause. */
function driverError(error: unknown): LibsqlError | undefined {
  if (error instanceof LibsqlError) return error;
  return error instanceof Error && error.cause !== undefined ? driverError(error.cause) : undefined;
}

export function isUniqueViolation(error: unknown): boolean {
  const code = driverError(error)?.extendedCode ?? "";
  return code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY";
}

/** Busy, full, broken or unreachable: nothing the caller did wrong, and the same call may work later. */
export function isStoreFailure(error: unknown): boolean {
  const code = driverError(error)?.code;
  return code !== undefined && !/^SQLITE_(CONSTRAINT|ERROR|MISMATCH|RANGE|TOOBIG)/.test(code);
}
