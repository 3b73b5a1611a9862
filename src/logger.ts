import { AsyncLocalStorage } from "node:async_hooks";
import { DrizzleQueryError } from "drizzle-orm";
import pino from "pino";
import { readableLine } from "./log-line.ts";

export type Logger = pino.Logger;

/** Whatever is logged on the way of a request bears its id, however deep inside. */
const requestIds = new AsyncLocalStorage<string | undefined>();

export function withRequestId<T>(requestId: string, work: () => T): T {
  return requestIds.run(requestId, work);
}

/** For what a request has set going and what is not about that request. */
export function outsideRequests<T>(work: () => T): T {
  return requestIds.run(undefined, work);
}

/**
 * JSON lines on standard output, or lines for people where that is a terminal. Synchronous, because a worker thread
 * for logs does not fit into one binary.
 */
export function createLogger(level: string, { isTerminal = false } = {}): Logger {
  const output = pino.destination({ dest: 1, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ requestId: requestIds.getStore() }),
      serializers: { err },
    },
    isTerminal ? { write: (line) => void output.write(readableLine(line)) } : output,
  );
}

/**
 * Of an error only what is known to be safe. Of a failed query the driver's words: drizzle's have the values in them,
 * an e-mail or a hash.
 */
function err(error: unknown): unknown {
  if (error instanceof DrizzleQueryError) return err(error.cause);
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    ...("code" in error && { code: error.code }),
    stack,
    ...(cause !== undefined && { cause: err(cause) }),
  };
}
