import { AppError } from "../errors.ts";

/** What the caller is told when a buffer cannot be reached; the cause is for the log. */
export function bufferUnavailable(cause: unknown): AppError {
  const message = "The live buffer cannot be reached right now. Please try again.";
  return new AppError("buffer_unavailable", message, { cause });
}
