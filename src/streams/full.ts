import { AppError } from "../errors.ts";
import type { BufferLimits } from "../limits.ts";

/** What the caller is told when a stream has no room for what they send. Nothing of it is stored. */
export function streamFull(name: string, { messages, bytes }: BufferLimits): AppError {
  const most = `${messages.toLocaleString("en")} messages, and ${bytes.toLocaleString("en")} bytes of them`;
  return new AppError(
    "stream_full",
    `The stream ${name} is full: a stream may have ${most}. Complete its workout, and go on in a new one.`,
  );
}

export function tooManyStreams({ streams }: BufferLimits): AppError {
  return new AppError(
    "too_many_streams",
    `You have ${streams.toLocaleString("en")} streams, as many as there may be. Complete workouts, or delete streams.`,
  );
}
