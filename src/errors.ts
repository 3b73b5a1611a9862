/**
 * Every way in which a call can fail that its caller can do something about.
 * Codes are part of the HTTP contract; which status each one takes is decided in http/errors.ts alone.
 */
export type ErrorCode =
  | "invalid_input"
  | "malformed_json"
  | "incomplete_body"
  | "invalid_path"
  | "invalid_host"
  | "payload_too_large"
  | "timestamp_required"
  | "stream_full"
  | "ride_too_large"
  | "unauthenticated"
  | "invalid_credentials"
  | "invalid_refresh_token"
  | "registration_closed"
  | "foreign_origin"
  | "foreign_host"
  | "metrics_not_open"
  | "built_in_user"
  | "not_found"
  | "user_not_found"
  | "api_key_not_found"
  | "stream_not_found"
  | "workout_not_found"
  | "email_taken"
  | "too_many_api_keys"
  | "too_many_streams"
  | "stream_in_use"
  | "invalid_workout_state"
  | "too_many_requests"
  | "too_many_listeners"
  | "store_unavailable"
  | "buffer_unavailable"
  | "store_damaged"
  | "shutting_down";

export class AppError extends Error {
  override readonly name = "AppError";

  constructor(
    readonly code: ErrorCode,
    /** A sentence for a person, safe to show to any client. */
    message: string,
    readonly options: { details?: unknown; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
  }
}
