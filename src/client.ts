import { type ClientRequestOptions, hc } from "hono/client";
import type { App } from "./app.ts";

export type ClientOptions = {
  /** An access token or an API key; a single-user server wants neither. */
  token?: string | undefined;
  apiKey?: string | undefined;
  /** In place of the global one. */
  fetch?: NonNullable<ClientRequestOptions["fetch"]>;
};

/**
 * The service's routes as typed functions: `client.api.workouts.$post({ json })` resolves to a Response whose
 * `json()` has the type of the answer, provided that it is `ok`; `parseResponse` of hono/client looks to that.
 */
export function createClient(url: string, { token, apiKey, fetch = globalThis.fetch }: ClientOptions = {}) {
  return hc<App>(url, {
    fetch,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(apiKey !== undefined && { "X-API-Key": apiKey }),
    },
  });
}

export type Client = ReturnType<typeof createClient>;
