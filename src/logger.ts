import pino from "pino";

export type Logger = pino.Logger;

/** JSON lines on standard output. Synchronous, because a worker thread for logs does not fit into one binary. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 1, sync: true }),
  );
}
