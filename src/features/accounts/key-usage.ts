import type { Database } from "../../db/database.ts";
import type { Logger } from "../../logger.ts";
import { setKeyLastUsed } from "./repository.ts";

/** How far apart, in milliseconds, two uses of a key are that are both written down. */
const GRAIN_MS = 60_000;

const WRITE_AFTER_MS = 10_000;

/** Writes down when keys were last used: behind the requests, several keys in one transaction. */
export function createKeyUsage(database: Database, log: Logger) {
  const pending = new Map<string, number>();
  let timer: Timer | undefined;
  let writing = Promise.resolve();
  let closed = false;

  async function write(): Promise<void> {
    const uses = [...pending];
    pending.clear();
    if (uses.length === 0) return;
    try {
      await database.transaction(async (tx) => {
        for (const [id, at] of uses) await setKeyLastUsed(tx, id, new Date(at));
      });
    } catch (error) {
      // Not kept for another try: a key that is in use is noted again soon.
      log.warn({ err: error }, "the last use of API keys could not be written");
    }
  }

  /** Resolves when everything noted so far is written. */
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  }

  return {
    flush,

    /** Notes a use, in epoch milliseconds, unless one less than a minute away is known; the clock may have been ahead. */
    note(id: string, lastUsedAt: Date | null, at: number): void {
      const known = pending.get(id) ?? lastUsedAt?.getTime();
      if (closed || (known !== undefined && Math.abs(at - known) < GRAIN_MS)) return;
      pending.set(id, at);
      timer ??= setTimeout(flush, WRITE_AFTER_MS).unref();
    },

    close(): Promise<void> {
      closed = true;
      return flush();
    },
  };
}
