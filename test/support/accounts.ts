import { afterAll, afterEach, beforeAll, beforeEach, expect } from "bun:test";
import { apiKeys, users } from "../../src/db/schema.ts";
import { sha256 } from "../../src/features/accounts/tokens.ts";
import { createTestApp, type TestApp } from "./app.ts";

type RequestOptions = NonNullable<Parameters<TestApp["request"]>[1]>;

/** Somebody with an API key, which unlike an access token outlives any step of the clock. */
export type Rider = {
  userId: string;
  apiKey: string;
  request(path: string, init?: RequestOptions): Promise<Response>;
  /** The JSON answer of a call that must succeed. */
  ok<Body>(path: string, init?: RequestOptions): Promise<Body>;
  /** The same for a call other than GET. */
  send<Body>(method: string, path: string, json?: unknown): Promise<Body>;
  /** The error of a call that must be refused. */
  refused(method: string, path: string, init?: RequestOptions): Promise<Refusal>;
};

export type Refusal = {
  status: number;
  code: string;
  error: string;
  details?: { field: string; message: string }[];
  retryAfter: string | null;
};

/** Puts a rider straight into the database: hashing a password takes longer than most tests do. */
export async function registerRider(
  app: TestApp,
  email = `${Bun.randomUUIDv7()}@example.org`,
): Promise<Rider> {
  const userId = Bun.randomUUIDv7();
  const apiKey = `bpt_${Bun.randomUUIDv7()}`;
  const createdAt = new Date(app.clock.time);
  await app.deps.database.insert(users).values({ id: userId, email, createdAt, updatedAt: createdAt });
  await app.deps.database.insert(apiKeys).values({
    id: Bun.randomUUIDv7(),
    userId,
    keyHash: sha256(apiKey),
    name: "test",
    prefix: apiKey.slice(0, 12),
    createdAt,
  });

  const request: Rider["request"] = async (path, init) => app.request(path, { apiKey, ...init });
  const ok = async <Body>(path: string, init?: RequestOptions) => {
    const response = await request(path, init);
    if (response.ok) return (await response.json()) as Body;
    throw new Error(`${init?.method ?? "GET"} ${path} → ${response.status} ${await response.text()}`);
  };
  return {
    userId,
    apiKey,
    request,
    ok,
    send: (method, path, json) => ok(path, { method, ...(json !== undefined && { json }) }),
    refused: async (method, path, init) => refusal(await request(path, { method, ...init })),
  };
}

/** Every error has the same shape, and says nothing beyond it. */
export async function refusal(response: Response): Promise<Refusal> {
  const body = (await response.json()) as Refusal & { requestId: string };
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(
    Object.keys(body)
      .filter((field) => field !== "details")
      .sort(),
  ).toEqual(["code", "error", "requestId"]);
  expect(body.error).toEqual(expect.stringMatching(/^\S.*\S$/));
  expect(body.code).toEqual(expect.stringMatching(/^[a-z_]+$/));
  expect(body.requestId).toEqual(expect.any(String));
  expect(body.requestId).toBe(response.headers.get("X-Request-Id") ?? "");
  const { code, error, details } = body;
  const retryAfter = response.headers.get("Retry-After");
  return { status: response.status, code, error, retryAfter, ...(details && { details }) };
}

/** The fields that a refusal complains about. */
export function fieldsOf({ details = [] }: Refusal): string[] {
  return details.map(({ field }) => field);
}

/**
 * For the tests of one file: a rider of its own for each, on one app for all. Tests on it move the clock forward
 * only and by little; with `fresh` each has an app of its own.
 */
export function useService({
  fresh = false,
  environment = {},
}: {
  fresh?: boolean;
  environment?: Record<string, string>;
} = {}) {
  let app: TestApp;
  let rider: Rider;
  (fresh ? beforeEach : beforeAll)(async () => {
    app = await createTestApp(environment);
  });
  beforeEach(async () => {
    rider = await registerRider(app);
  });
  (fresh ? afterEach : afterAll)(() => app.close());
  return {
    get app() {
      return app;
    },
    get rider() {
      return rider;
    },
    /** Lets time pass. */
    wait(milliseconds: number) {
      app.clock.time += milliseconds;
    },
  };
}
