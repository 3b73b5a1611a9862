import { z } from "zod";
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import type { ErrorCode } from "../../errors.ts";
import { STATUS } from "../../http/errors.ts";

/** What each code means, for whoever writes a client. */
const MEANINGS: Record<ErrorCode, string> = {
  invalid_input: "the input is not valid; `details` names the fields",
  malformed_json: "the body is not JSON",
  incomplete_body: "the connection broke off in the middle of the body",
  invalid_path: "the path has `.` or `..` in it, and would lead elsewhere",
  invalid_host: "there is no Host header, or none that can be one",
  payload_too_large: "the body is larger than this route takes",
  timestamp_required: "a sample in a batch has no timestamp of its own; `details` names it",
  stream_full: "the stream has as much as a stream may have; nothing of this was stored",
  ride_too_large: "the samples take too much room, even compressed, for a ride to be made of them",
  unauthenticated: "no credentials, or none that are good",
  invalid_credentials: "the e-mail or the password is wrong",
  invalid_refresh_token: "the refresh token is not good any more; log in again",
  registration_closed: "this server takes no registrations",
  metrics_not_open: "metrics are for the server's own machine; from elsewhere they need the METRICS_TOKEN",
  foreign_origin: "a page of another site, on a server for a single user",
  foreign_host: "the Host is no name of the server's; `ALLOWED_HOSTS` lists those that it cannot know",
  built_in_user: "the built-in user cannot do that",
  not_found: "there is nothing there",
  user_not_found: "no such user, or not oneself",
  api_key_not_found: "no such key, or not one's own",
  stream_not_found: "no such stream, or not one's own",
  workout_not_found: "no such workout, or not one's own",
  email_taken: "there is an account with this e-mail already",
  too_many_api_keys: "there are as many keys as there may be",
  too_many_streams: "there are as many streams as there may be",
  stream_in_use: "an unfinished workout records into the stream",
  invalid_workout_state: "the workout's status does not allow it",
  too_many_requests: "too many at once; try again after `Retry-After`",
  too_many_listeners: "as many listen as may at a time; try again after `Retry-After`",
  store_unavailable: "the database cannot be reached; try again after `Retry-After`",
  store_damaged: "what is stored is damaged; whoever runs the server has to repair it",
  buffer_unavailable: "the live buffer cannot be reached; try again after `Retry-After`",
  shutting_down: "the service is shutting down",
};

const error = z
  .object({
    error: z.string().describe("A sentence for a person."),
    code: z.string().describe("For programs; it stays the same."),
    details: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe("What is wrong with each field."),
    requestId: z.string().describe("That of the header `X-Request-Id`, which the log has too."),
  })
  .meta({
    id: "Error",
    examples: [
      {
        error: "ftp: Too small: expected number to be >=1",
        code: "invalid_input",
        details: [{ field: "ftp", message: "Too small: expected number to be >=1" }],
        requestId: "019b76da-a800-7000-8000-000000000001",
      },
    ],
  });

const retryAfter = z.object({ "Retry-After": z.int().describe("When to try again, in s.") });

/** The answers to which these codes lead, by status, and the one to what nobody foresaw. */
export function errorAnswers(codes: Iterable<ErrorCode>): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy(new Set(codes), (code) => STATUS[code]);
  const entries = [...byStatus].map(([status, codes]) => {
    const description = codes.map((code) => `\`${code}\`: ${MEANINGS[code]}.`).join(" ");
    return [status, answer(description, codes, status === 429 || status === 503)] as const;
  });
  return {
    ...Object.fromEntries(entries),
    500: answer("`internal_error`: something went wrong on the side of the service.", ["internal_error"]),
  };
}

function answer(description: string, codes: string[], isPassing = false) {
  const schema = z.intersection(error, z.object({ code: z.enum(codes) }));
  return {
    description,
    content: { "application/json": { schema } },
    ...(isPassing && { headers: retryAfter }),
  };
}
