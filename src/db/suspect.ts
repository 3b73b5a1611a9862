/**
 * Whether the connection is in doubt. After SQLITE_BUSY the failed statement stays active on it, and later
 * writes report success and are rolled back; a full disk or an I/O error is no safer. A broken constraint is.
 */
export function isSuspect(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("SQLITE_") && !code.startsWith("SQLITE_CONSTRAINT");
}
