import type { Client } from "@libsql/client";

/** Of a database, be it behind a client or on a thread. */
type Statements = {
  /** The first value of the first row. */
  read(sql: string): Promise<unknown>;
  /** Runs a statement to its end: what `execute` does of an incremental vacuum is one page, and it stays unfinished. */
  run(sql: string): Promise<unknown>;
};

/** So much a step gives back, in pages of 4 KB: a commit for which nobody waits long, on a slow card either. */
const PAGES = 128;

/** So many rows of an index are looked at, which is enough to tell how selective it is. */
const ANALYSIS_LIMIT = 400;

/**
 * A step of giving free pages back to the disk, and when there are none left, of folding the write-ahead log in. Resolves
 * to whether there is another. A file that was made without auto_vacuum keeps
 * its free pages, until it is restored or repaired.
 */
export async function compact({ read, run }: Statements): Promise<boolean> {
  const countFree = async () => Number(await read("PRAGMA freelist_count"));
  const before = await countFree();
  if (before > 0) await run(`PRAGMA incremental_vacuum(${PAGES})`);
  if ((await countFree()) < before) return true;
  // Passive: it neither waits for a reader nor keeps a writer waiting.
  await run("PRAGMA wal_checkpoint(PASSIVE)");
  return false;
}

export function compactDatabase(client: Client): Promise<boolean> {
  return compact({
    read: async (sql) => (await client.execute(sql)).rows[0]?.[0],
    run: (sql) => client.executeMultiple(sql),
  });
}

/** Tells the planner of queries what is in the tables now. */
export async function analyzeDatabase(client: Client): Promise<void> {
  await client.executeMultiple(`PRAGMA analysis_limit = ${ANALYSIS_LIMIT}; ANALYZE;`);
}
