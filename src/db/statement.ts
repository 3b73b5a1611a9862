import type { InStatement } from "@libsql/client";

const READ = /^\s*select\b/i;

/** Whether a statement is one that only reads: not all that do are found to. */
export function isRead(statement: InStatement | string): boolean {
  return READ.test(typeof statement === "string" ? statement : statement.sql);
}
