import { TelemetryError } from "../../domain/telemetry-codec.ts";
import type { PackedError } from "../../thread.ts";

/* How the errors of the thread of rides cross to who has called it. */

export function packError(error: unknown): PackedError {
  const { message } = error instanceof Error ? error : { message: String(error) };
  return error instanceof TelemetryError ? { message, code: error.code } : { message };
}

export function unpackError({ message, code }: PackedError): Error {
  return code === undefined
    ? new Error(message)
    : new TelemetryError(code as TelemetryError["code"], message);
}
