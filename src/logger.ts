import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
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
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ requestId: requestIds.getStore() }),
      serializers: { err },
    },
    createOutput(isTerminal ? readableLine : (line) => line),
  );
}

const STANDARD_OUTPUT = 1;

/**
 * Where a full disk, a pipe that nobody reads from any more or one that is full takes no line, the line is lost, and
 * no more than that: how many were is told by the first that is taken again. pino's own output throws, or waits.
 */
function createOutput(format: (line: string) => string): { write(line: string): void } {
  let lost = 0;
  let isBroken = false;
  return {
    write(line) {
      const text = (isBroken ? "\n" : "") + (lost > 0 ? format(linesLost(lost)) : "") + format(line);
      let rest: Uint8Array = Buffer.from(text);
      try {
        while (rest.length > 0) {
          const written = writeSync(STANDARD_OUTPUT, rest);
          isBroken ||= written > 0;
          rest = rest.subarray(written);
        }
        lost = 0;
        isBroken = false;
      } catch {
        lost += 1;
      }
    },
  };
}

function linesLost(lines: number): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: "warn", time, lines, msg: "standard output did not take lines of the log" })}\n`;
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
