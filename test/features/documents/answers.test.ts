import { afterAll, beforeAll, expect, test } from "bun:test";
import { createParser } from "eventsource-parser";
import { createTestApp, type TestApp } from "../../support/app.ts";
import { madeUpRide } from "../../support/rides.ts";
import { type Contract, createContract, type OpenApi } from "./contract.ts";

type Call = {
  path?: Record<string, string>;
  query?: string;
  json?: unknown;
  body?: string;
  headers?: Record<string, string>;
  apiKey?: string | null;
};

const METRICS_TOKEN = "a token for Prometheus";

let app: TestApp;
let contract: Contract;
let apiKey: string;
const answered = new Set<string>();

beforeAll(async () => {
  app = await createTestApp({ REGISTRATION: "open", METRICS_TOKEN });
  contract = createContract((await (await app.request("/openapi.json")).json()) as OpenApi);
});
afterAll(() => app.close());

/** Calls an operation by its name in the document, and holds the answer against that. */
async function call(name: string, { path = {}, query = "", json, body, headers, ...who }: Call = {}) {
  const [method = "", template = ""] = name.split(" ");
  const address = template.replace(/\{(\w+)\}/g, (_, parameter: string) => path[parameter] ?? "");
  const credentials = who.apiKey === undefined ? apiKey : who.apiKey;
  const response = await app.request(address + query, {
    method,
    ...(json !== undefined && { json }),
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
    ...(credentials && { apiKey: credentials }),
  });
  await contract.expectAnswer(name, response);
  if (response.ok) answered.add(name);
  return response;
}

async function read<Body>(response: Promise<Response>): Promise<Body> {
  return (await (await response).json()) as Body;
}

/** Holds the data of every event against the document; resolves to their types. */
async function hear(response: Response): Promise<string[]> {
  const types: string[] = [];
  const parser = createParser({
    onEvent({ data }) {
      const event = JSON.parse(data) as { type: string };
      contract.expectSchema("StreamEvent", event);
      types.push(event.type);
    },
  });
  parser.feed(await response.text());
  return types;
}

test("what every route answers is what the document says", async () => {
  for (const name of ["GET /health", "GET /livez", "GET /readyz", "GET /openapi.json", "GET /docs"]) {
    expect((await call(name, { apiKey: null })).status).toBe(200);
  }
  for (const file of ["swagger-ui.js", "swagger-ui.css", "licences.txt"]) {
    expect((await call("GET /docs/{file}", { path: { file } })).status).toBe(200);
  }
  const scraper = { headers: { Authorization: `Bearer ${METRICS_TOKEN}` }, apiKey: null };
  expect((await call("GET /metrics", scraper)).status).toBe(200);

  // Who one is.
  const login = { email: "rider@example.org", password: "up the long hill" };
  await call("POST /api/auth/register", { json: login, apiKey: null });
  const session = await read<{ accessToken: string; refreshToken: string }>(
    call("POST /api/auth/login", { json: login, apiKey: null }),
  );
  const bearer = { headers: { Authorization: `Bearer ${session.accessToken}` }, apiKey: null };
  ({ key: apiKey } = await read<{ key: string }>(
    call("POST /api/api-keys", { json: { name: "phone" }, ...bearer }),
  ));
  const { refreshToken } = await read<{ refreshToken: string }>(
    call("POST /api/auth/refresh", { json: session, apiKey: null }),
  );
  await call("POST /api/auth/logout", { json: { refreshToken } });
  const settings = { units: "metric", timezone: "Europe/Berlin", bikes: [{ name: "blue" }] };
  const avatarUrl = "https://example.org/me.png";
  await call("PATCH /api/users/me", { json: { displayName: "Rider", avatarUrl, settings } });
  await call("GET /api/users/me");
  const newPassword = "down the other side";
  await call("PUT /api/users/me/password", { json: { currentPassword: login.password, newPassword } });
  await call("GET /api/api-keys");

  // FTP.
  const me = { path: { userId: "me" } };
  const ftp = { ftp: 265, source: "ramp test", effectiveFrom: "2026-03-01" };
  await call("PUT /api/users/{userId}/ftp", { ...me, json: ftp });
  await call("GET /api/users/{userId}/ftp-history", me);
  await call("GET /api/users/{userId}/rederiving", me);

  // A ride, live.
  const name = "evening";
  const byName = { path: { name } };
  const ride = madeUpRide(1500, app.clock.time);
  const { workout } = await read<{ workout: { id: string } }>(
    call("POST /api/workouts", { json: { title: "Evening ride", streamName: name } }),
  );
  const byId = { path: { id: workout.id } };
  const events = await call("GET /api/streams/{name}/listen", byName);
  const allEvents = await call("GET /api/streams/listenAll", { query: `?apiKey=${apiKey}`, apiKey: null });
  await call("POST /api/streams/{name}/messages", { ...byName, json: { message: ride[0], author: "phone" } });
  await call("POST /api/streams/{name}/messages/batch", {
    ...byName,
    json: { messages: ride.slice(1, 1000) },
  });
  await call("POST /api/streams/{name}/messages/batch", {
    ...byName,
    body: ride
      .slice(1000)
      .map((sample) => JSON.stringify(sample))
      .join("\n"),
    headers: { "Content-Type": "application/x-ndjson" },
  });
  await call("GET /api/streams/{name}/messages", { ...byName, query: "?start=-&end=%2B&count=3" });
  await call("GET /api/streams");
  await call("GET /api/workouts/by-stream/{name}", byName);
  await call("POST /api/workouts/{id}/pause", byId);
  await call("POST /api/workouts/{id}/resume", byId);
  await call("GET /api/workouts/{id}/summary", byId);
  await call("POST /api/workouts/{id}/complete", { ...byId, json: {} });
  const heard = await hear(events);
  expect([heard.length, heard[0], heard[1], heard.at(-1)]).toEqual([
    1502,
    "connected",
    "message",
    "stream_deleted",
  ]);
  app.deps.hub.disconnect((await read<{ user: { id: string } }>(call("GET /api/users/me"))).user.id);
  expect((await hear(allEvents)).length).toBe(1502);

  // The ride, kept.
  await call("PATCH /api/workouts/{id}", { ...byId, json: { title: "Over the pass", description: null } });
  await call("GET /api/workouts");
  await call("GET /api/workouts/{id}", { ...byId, query: "?includeTelemetry=true" });
  for (const [format, type] of [
    ["json", "application/json"],
    ["columns", "application/json"],
    ["csv", "text/csv"],
    ["ndjson", "application/x-ndjson"],
  ] as const) {
    const telemetry = await call("GET /api/workouts/{id}/telemetry", { ...byId, query: `?format=${format}` });
    expect(telemetry.headers.get("Content-Type")).toStartWith(type);
  }
  await call("GET /api/workouts/{id}/power-curve", byId);

  // What rides tell.
  await call("GET /api/users/{userId}/stats", me);
  await call("GET /api/stats", { query: "?from=2026-01-01" });
  await call("GET /api/stats/monthly", { query: "?year=2026" });
  const { records } = await read<{ records: unknown[] }>(call("GET /api/records"));
  expect(records.length).toBeGreaterThan(10);
  await call("GET /api/power-curve", { query: "?metric=heartrate" });
  await call("GET /api/training-load", { query: "?from=2026-05-30" });

  // Away with it.
  await call("POST /api/workouts/{id}/archive", byId);
  await call("POST /api/workouts/{id}/restore", byId);
  await call("DELETE /api/workouts/{id}", byId);
  await call("POST /api/streams/create", { json: { streamName: name } });
  await call("DELETE /api/streams/cleanup", { query: "?retention=86400000" });
  await call("DELETE /api/streams/{name}", byName);
  const { apiKeys } = await read<{ apiKeys: { id: string }[] }>(call("GET /api/api-keys"));
  const other = await read<{ id: string }>(call("POST /api/api-keys", { json: { name: "other" } }));
  expect(apiKeys).toHaveLength(1);
  await call("DELETE /api/api-keys/{id}", { path: { id: other.id } });
  await call("DELETE /api/users/me");

  // A route is new? It is called above, too.
  expect([...answered].sort()).toEqual(contract.operations.toSorted());
});

test("errors are what the document says", async () => {
  const email = "other@example.org";
  const account = { email, password: "up the long hill" };
  ({ accessToken: apiKey } = await read<{ accessToken: string }>(
    call("POST /api/auth/register", { json: account, apiKey: null }),
  ));
  const bearer = { headers: { Authorization: `Bearer ${apiKey}` }, apiKey: null };
  const id = Bun.randomUUIDv7();
  const { workout } = await read<{ workout: { id: string } }>(
    call("POST /api/workouts", { ...bearer, json: { streamName: "ride" } }),
  );
  const refused: [status: number, name: string, options: Call][] = [
    [400, "GET /api/workouts", { ...bearer, query: "?limit=1000" }],
    [400, "POST /api/streams/create", { ...bearer, body: "{" }],
    [400, "GET /api/streams/{name}/listen", { ...bearer, path: { name: "ride" }, query: "?from=here" }],
    [400, "GET /docs/{file}", { path: { file: "index.html" }, apiKey: null }],
    [401, "GET /api/users/me", { apiKey: null }],
    [401, "POST /api/auth/login", { json: { ...account, password: "no" }, apiKey: null }],
    [401, "POST /api/auth/refresh", { json: { refreshToken: "none" }, apiKey: null }],
    [404, "GET /api/workouts/{id}/telemetry", { ...bearer, path: { id } }],
    [404, "GET /api/users/{userId}/stats", { ...bearer, path: { userId: id } }],
    [404, "DELETE /api/api-keys/{id}", { ...bearer, path: { id } }],
    [404, "GET /api/streams/{name}/messages", { ...bearer, path: { name: "none" } }],
    [409, "POST /api/auth/register", { json: account, apiKey: null }],
    [409, "POST /api/workouts", { ...bearer, json: { streamName: "ride" } }],
    [409, "POST /api/workouts/{id}/resume", { ...bearer, path: { id: workout.id } }],
    [409, "DELETE /api/streams/{name}", { ...bearer, path: { name: "ride" } }],
    [413, "POST /api/api-keys", { ...bearer, json: { name: "x".repeat(70_000) } }],
    [
      413,
      "POST /api/streams/{name}/messages",
      { ...bearer, path: { name: "ride" }, json: { message: "x".repeat(110_000) } },
    ],
  ];
  for (const [status, name, options] of refused) {
    expect({ name, status: (await call(name, options)).status }).toEqual({ name, status });
  }
  app.deps.hub.close();
  expect((await call("GET /readyz", { apiKey: null })).status).toBe(503);
});
