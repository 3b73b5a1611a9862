import { z } from "zod";
import type { Section } from "../documents/operation.ts";
import { anything, id, time } from "../documents/parts.ts";

const user = z
  .object({
    id,
    email: z.string().describe("Of the built-in user, no address that mail could go to."),
    displayName: z.string().nullable(),
    avatarUrl: z.url().nullable(),
    settings: z.record(z.string(), anything).meta({
      description:
        "units, timezone, maxHeartrate, restingHeartrate, thresholdHeartrate, criticalPower, wPrime, weight, and whatever else an app keeps there.",
    }),
    createdAt: time,
    updatedAt: time,
    lastLoginAt: time.nullable(),
  })
  .meta({ id: "User" });

const tokens = z.object({
  accessToken: z.string().describe("A JWT for `Authorization: Bearer`."),
  refreshToken: z.string().describe("Good for one exchange at `/api/auth/refresh`, within 30 days."),
  expiresIn: z.int().describe("How long the access token is good for, in s."),
});
const session = tokens.extend({ user }).meta({ id: "Session" });
const tokenPair = tokens.meta({ id: "TokenPair" });
const profile = z.object({ user });

const apiKey = z.object({
  id,
  name: z.string(),
  prefix: z.string().describe("How the key begins, to tell it from others."),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
});
const listedKey = apiKey.meta({ id: "ApiKey" });
const newKey = apiKey
  .extend({ key: z.string().describe("The key, shown this once.") })
  .meta({ id: "NewApiKey" });

const email = "rider@example.org";
const password = "up the long hill";

export const accountSection = {
  name: "Accounts",
  description: "Who one is: sessions, profile, API keys.",
  operations: {
    "POST /api/auth/register": {
      operationId: "register",
      summary: "Make an account, and log in",
      description:
        "Open until the first account exists; then closed for good, unless the server has it otherwise.",
      request: { example: { email, password, displayName: "Rider" } },
      answer: { status: 201, description: "The account, and a session.", json: session },
      errors: ["registration_closed", "email_taken", "too_many_requests"],
    },
    "POST /api/auth/login": {
      operationId: "login",
      summary: "Log in",
      request: { example: { email, password } },
      answer: { status: 200, description: "A session.", json: session },
      errors: ["invalid_credentials", "too_many_requests"],
    },
    "POST /api/auth/refresh": {
      operationId: "refresh",
      summary: "Carry a session on",
      description:
        "The refresh token is exchanged for the next one. One that was exchanged before ends the whole session.",
      request: { example: { refreshToken: "…" } },
      answer: { status: 200, description: "The next tokens.", json: tokenPair },
      errors: ["invalid_refresh_token"],
    },
    "POST /api/auth/logout": {
      operationId: "logout",
      summary: "End a session",
      request: { example: { refreshToken: "…" } },
      answer: { status: 204, description: "The session has ended, or there was none." },
    },
    "GET /api/users/me": {
      operationId: "getProfile",
      summary: "One's own account",
      answer: { status: 200, description: "The account.", json: profile },
      errors: ["user_not_found"],
    },
    "PATCH /api/users/me": {
      operationId: "updateProfile",
      summary: "Change one's own account",
      description:
        "With another time zone, the rides whose FTP that changes are derived again; with other heart rates, those without power.",
      request: { example: { settings: { timezone: "Europe/Berlin", weight: 72 } } },
      answer: { status: 200, description: "The account as it is now.", json: profile },
      errors: ["user_not_found"],
    },
    "DELETE /api/users/me": {
      operationId: "deleteAccount",
      summary: "Delete one's own account, with everything in it",
      answer: { status: 204, description: "It is gone." },
      errors: ["built_in_user", "buffer_unavailable"],
    },
    "PUT /api/users/me/password": {
      operationId: "changePassword",
      summary: "Change one's password",
      description: "Ends every session but the one that asks. API keys stay.",
      request: { example: { currentPassword: password, newPassword: "down the other side" } },
      answer: { status: 204, description: "It is changed." },
      errors: ["invalid_credentials", "built_in_user", "too_many_requests"],
    },
    "GET /api/api-keys": {
      operationId: "listApiKeys",
      summary: "One's API keys, newest first",
      answer: { status: 200, description: "The keys.", json: z.object({ apiKeys: z.array(listedKey) }) },
    },
    "POST /api/api-keys": {
      operationId: "createApiKey",
      summary: "Make an API key",
      request: { example: { name: "phone" } },
      answer: { status: 201, description: "The key, shown this once.", json: newKey },
      errors: ["too_many_api_keys"],
    },
    "DELETE /api/api-keys/:id": {
      operationId: "deleteApiKey",
      summary: "Delete an API key",
      answer: { status: 204, description: "It opens nothing any more." },
      errors: ["api_key_not_found"],
    },
  },
} satisfies Section;
