import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isDamage, isForeignKeyViolation, isStoreFailure } from "../db/errors.ts";
import { TelemetryError } from "../domain/telemetry-codec.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { AppEnv } from "./context.ts";

/** The status that each code takes. */
export const STATUS: Record<ErrorCode, ContentfulStatusCode> = {
  invalid_input: 400,
  malformed_json: 400,
  incomplete_body: 400,
  invalid_path: 400,
  invalid_host: 400,
  timestamp_required: 400,
  payload_too_large: 413,
  stream_full: 413,
  ride_too_large: 413,
  unauthenticated: 401,
  invalid_credentials: 401,
  invalid_refresh_token: 401,
  registration_closed: 403,
  foreign_origin: 403,
  foreign_host: 403,
  metrics_not_open: 403,
  built_in_user: 403,
  not_found: 404,
  user_not_found: 404,
  api_key_not_found: 404,
  stream_not_found: 404,
  workout_not_found: 404,
  email_taken: 409,
  too_many_api_keys: 409,
  too_many_streams: 409,
  stream_in_use: 409,
  invalid_workout_state: 409,
  too_many_requests: 429,
  too_many_listeners: 429,
  store_unavailable: 503,
  buffer_unavailable: 503,
  store_damaged: 503,
  shutting_down: 503,
};

/** When the caller may try again, in seconds. */
const RETRY_AFTER = "2";

/** The one place where an error becomes an answer. What is not known becomes a 500 that says nothing of the inside. */
export function respondToError(log: Logger) {
  return (error: unknown, c: Context<AppEnv>) => {
    const known = toAppError(error);
    const requestId = c.get("requestId");
    if (!known) {
      log.error({ err: error }, "request failed");
      return c.json({ error: "Something went wrong on our side.", code: "internal_error", requestId }, 500);
    }
    const status = STATUS[known.code];
    if (status === 503) log.warn({ err: known.cause ?? known }, known.message);
    if (status === 503 || status === 429) c.header("Retry-After", RETRY_AFTER);
    if (known.code === "unauthenticated") c.header("WWW-Authenticate", "Bearer");
    const { details } = known.options;
    return c.json(
      { error: known.message, code: known.code, ...(details !== undefined && { details }), requestId },
      status,
    );
  };
}

function toAppError(error: unknown): AppError | undefined {
  // Before all else: the buffer's own errors have it as their cause.
  if (isDamage(error)) {
    return new AppError(
      "store_damaged",
      "Stored data is damaged. Whoever runs this service has to repair it.",
      {
        cause: error,
      },
    );
  }
  if (error instanceof AppError) return error;
  if (isStoreFailure(error)) {
    return new AppError("store_unavailable", "The database cannot be reached right now. Please try again.", {
      cause: error,
    });
  }
  if (error instanceof TelemetryError && error.code === "telemetry_too_large") {
    return new AppError("ride_too_large", `${error.message} Its samples are still in its stream.`, {
      cause: error,
    });
  }
  if (isForeignKeyViolation(error)) {
    return new AppError("not_found", "What this belongs to has been deleted meanwhile.", { cause: error });
  }
  return undefined;
}
