import { open } from "node:fs/promises";

/** How long what was written may wait for its flush, in ms: with the power, so much goes at most, and what the flush takes. */
const FLUSH_AFTER_MS = 1000;

export interface LogFlusher {
  /** Says that something was written. */
  written(): void;
  stop(): void;
}

/**
 * Flushes the write-ahead log of a file soon after something was written, off this thread and beside the one that writes.
 * Closing the log's descriptor drops no lock: those are on the other files.
 */
export function createLogFlusher(path: string, onFailure: (error: unknown) => void): LogFlusher {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  async function flush(): Promise<void> {
    const log = await open(`${path}-wal`);
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  const isDue = () => {
    // What is written from now on may come too late for this one.
    timer = undefined;
    flush().catch((error: unknown) => {
      onFailure(error);
      written();
    });
  };

  function written(): void {
    if (stopped) return;
    timer ??= setTimeout(isDue, FLUSH_AFTER_MS).unref();
  }

  return {
    written,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
