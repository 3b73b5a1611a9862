import type { TestApp } from "../../support/app.ts";

export const EMAIL = "rider@example.org";
export const PASSWORD = "correct horse battery";

export type Account = {
  user: { id: string; email: string; displayName: string | null; settings: Record<string, unknown> };
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
};

export type Key = { id: string; name: string; prefix: string; lastUsedAt: string | null; key: string };

export function post(app: TestApp, path: string, json: unknown, token?: string) {
  return app.request(path, { method: "POST", json, ...(token !== undefined && { token }) });
}

async function expectJson<Body>(response: Response, status: number): Promise<Body> {
  if (response.status !== status) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

export async function register(app: TestApp, email = EMAIL): Promise<Account> {
  return expectJson(await post(app, "/api/auth/register", { email, password: PASSWORD }), 201);
}

export async function login(app: TestApp, email = EMAIL, password = PASSWORD): Promise<Account> {
  return expectJson(await post(app, "/api/auth/login", { email, password }), 200);
}

export async function createKey(app: TestApp, token: string, body: object = {}): Promise<Key> {
  return expectJson(await post(app, "/api/api-keys", { name: "trainer", ...body }, token), 201);
}

export async function listKeys(app: TestApp, token: string): Promise<Omit<Key, "key">[]> {
  const body = await expectJson<{ apiKeys: Key[] }>(await app.request("/api/api-keys", { token }), 200);
  return body.apiKeys;
}

/** Whether the credentials are good: the status of asking for one's own profile. */
export async function statusOf(
  app: TestApp,
  credentials: { token?: string; apiKey?: string },
): Promise<number> {
  return (await app.request("/api/users/me", credentials)).status;
}

export async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { code: string }).code;
}
