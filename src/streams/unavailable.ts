import { AppError } from "../errors.ts";

/** The same of a stream of which the store has lost messages that it had acknowledged. */
export function messagesLost(name: string): AppError {
  const message =
    `Samples of the stream ${name} have been lost by the store that keeps rides under way. What is left of them is kept, ` +
    "and no ride is made of it; ask whoever runs this server.";
  return new AppError("buffer_unavailable", message, {
    cause: new Error(
      "Redis has lost messages that it had acknowledged. `bpt doctor` tells of which streams.",
    ),
  });
}

/** What the caller is told when a buffer cannot be reached; the cause is for the log. */
export function bufferUnavailable(cause: unknown): AppError {
  const message = "The live buffer cannot be reached right now. Please try again.";
  return new AppError("buffer_unavailable", message, { cause });
}
