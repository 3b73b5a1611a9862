import { errors } from "@upstash/redis";
import { AppError } from "../errors.ts";
import { bufferUnavailable } from "./unavailable.ts";

const CHECK_TOKEN = "; check UPSTASH_REDIS_REST_TOKEN";
const CHECK_URL = "; check UPSTASH_REDIS_REST_URL";

/** What the operator can do about an error, by the word with which it begins. */
const HINTS = new Map(
  Object.entries({
    WRONGPASS: CHECK_TOKEN,
    NOAUTH: CHECK_TOKEN,
    Unauthorized: CHECK_TOKEN,
    NOPERM: "; the token lacks the right to a command",
    OOM: "; its memory is full",
    LOADING: "; it is still reading its data",
    MISCONF: "; it cannot write to its disk",
    READONLY: "; it is a replica",
  }),
);

/** What the caller is told when Redis cannot be reached; the reason is for the log. */
export function unavailable(reason: string): AppError {
  return bufferUnavailable(new Error(`Redis: ${reason}`));
}

/** What went wrong with a request, without the client's own message: in that may be the command, and so the samples. */
export function requestFailure(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof errors.UpstashJSONParseError)
    return unavailable(`an answer that is not JSON${CHECK_URL}`);
  if (error instanceof errors.UpstashError) return unavailable(`HTTP error ${firstWord(error.message)}`);
  if (!(error instanceof Error)) return unavailable("an error that is none");
  if (error.name === "TimeoutError") return unavailable("no answer in time");
  if ("code" in error) return unavailable(`no connection (${String(error.code)})${CHECK_URL}`);
  return unavailable(`an answer that is none (${error.name})${CHECK_URL}`);
}

/** What Redis said of a command, without the arguments, which it repeats where it does not know the command. */
export function commandFailure(message: string): AppError {
  const told = message.replace(/, with args.*/s, "").slice(0, 100);
  return unavailable(told + (HINTS.get(wordOf(told)) ?? ""));
}

function firstWord(message: string): string {
  const word = wordOf(message);
  // The client's word for a body that names no error.
  return word === "undefined" ? `without a reason${CHECK_URL}` : word + (HINTS.get(word) ?? "");
}

function wordOf(message: string): string {
  return /^[A-Za-z]{1,20}\b/.exec(message)?.[0] ?? "";
}
