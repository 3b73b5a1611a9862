import { DrizzleQueryError } from "drizzle-orm";
import pino from "pino";

export type Logger = pino.Logger;

/** JSON lines on standard output. Synchronous, because a worker thread for logs does not fit into one binary. */
export function createLogger(level: string): Logger {
  const destination = pino.destination({ dest: 1, sync: true });
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err } },
    destination,
  );
}

/** Of a failed query the driver's words only: drizzle's have the values in them, an e-mail or a hash. */
function err(error: unknown): unknown {
  const safe = error instanceof DrizzleQueryError ? error.cause : error;
  return safe instanceof Error ? pino.stdSerializers.err(safe) : safe;
}
