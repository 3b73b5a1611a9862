import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { until } from "../../db/instances.ts";
import { createTestApp } from "../../support/app.ts";
import { describeWithRedis, startRedis } from "../../support/redis.ts";
import { type Completed, registerRider, type Workout } from "../../support/rider.ts";
import { madeUpRide } from "../../support/rides.ts";
import { startServer } from "../../support/server.ts";
import { startUpstashFront } from "../../support/upstash-front.ts";

const TOKEN = "scrape-scrape-scrape";

/** The value of each series, by its name and labels as they stand; every line must be one, or a comment. */
function parse(text: string): Map<string, number> {
  const lines = text.trimEnd().split("\n");
  const series = new Map<string, number>();
  for (const line of lines.filter((line) => !/^# (HELP|TYPE) bpt_|^# (HELP|TYPE) process_/.test(line))) {
    const [, name = "", value] =
      /^([a-z_]+(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})?) (\d+(?:\.\d+)?(?:e-?\d+)?)$/.exec(line) ?? [];
    expect({ line, isNew: name !== "" && !series.has(name) }).toEqual({ line, isNew: true });
    series.set(name, Number(value));
  }
  return series;
}

async function scrape(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/metrics`, { headers });
  expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return response.text();
}

test("metrics tell of a ride, in a format that Prometheus takes", async () => {
  await using server = await startServer();
  const rider = await registerRider(server);
  await rider.call<{ workout: Workout }>("POST", "/api/workouts", { streamName: "ride" });
  using _listener = await rider.listen("listenAll");
  await rider.postBatch("ride", madeUpRide(20), "json");
  await rider.postBatch("other", madeUpRide(5), "ndjson");
  const { id } = await rider.call<Workout>("GET", "/api/workouts/by-stream/ride");
  for (let time = 0; time < 2; time++) await rider.call<Completed>("POST", `/api/workouts/${id}/complete`);
  const json = { email: "rider@example.org", password: "not this one" };
  for (let time = 0; time < 3; time++) await rider.request("/api/auth/login", { method: "POST", json });

  const text = await scrape(server.url);
  const series = parse(text);
  const complete = 'method="POST",route="/api/workouts/:id/complete"';
  const batch = 'method="POST",route="/api/streams/:name/messages/batch"';
  const expected = {
    [`bpt_http_requests_total{${complete},status="200"}`]: 2,
    [`bpt_http_request_duration_seconds_count{${batch}}`]: 2,
    'bpt_http_requests_total{method="POST",route="/api/auth/login",status="401"}': 3,
    bpt_messages_stored_total: 25,
    bpt_buffer_lag_seconds_count: 2,
    // One of them made the stream of the workout.
    bpt_buffer_commit_posts_count: 3,
    bpt_buffer_commit_posts_sum: 3,
    bpt_buffer_commit_duration_seconds_count: 3,
    bpt_rides_completed_total: 1,
    bpt_live_streams: 1,
    bpt_listeners: 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, series.get(name)]))).toEqual(expected);
  for (const name of [
    'bpt_store_size_bytes{store="database"}',
    'bpt_wal_size_bytes{store="buffer"}',
    "bpt_data_disk_free_bytes",
    "bpt_database_lock_wait_seconds_count",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
  ]) {
    expect({ name, value: series.get(name) }).toEqual({ name, value: expect.any(Number) });
    expect({ name, isPositive: (series.get(name) ?? 0) > 0 }).toEqual({ name, isPositive: true });
  }
  expect(Math.abs((series.get("process_start_time_seconds") ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  // Watched from the first time that somebody has asked.
  expect(series.get("bpt_event_loop_delay_seconds_count")).toBe(0);
  const delays = async () => parse(await scrape(server.url)).get("bpt_event_loop_delay_seconds_count") ?? 0;
  await until(async () => (await delays()) > 0);
}, 20_000);

test.skipIf(Bun.which("promtool") === null)(
  "promtool finds nothing wrong with them",
  async () => {
    await using server = await startServer();
    const rider = await registerRider(server);
    await rider.postBatch("ride", madeUpRide(20), "json");
    const check = Bun.spawn(["promtool", "check", "metrics"], {
      stdin: new Blob([await scrape(server.url)]),
      stdout: "pipe",
      stderr: "pipe",
    });
    expect((await check.stdout.text()) + (await check.stderr.text())).toBe("");
    expect(await check.exited).toBe(0);
  },
  20_000,
);

test("no label has what somebody has asked for", async () => {
  const app = await createTestApp({ METRICS_TOKEN: TOKEN });
  try {
    for (const path of ["/a", "/b/c", "/api/d", "/api/streams/e/messages", "/api/streams/f/listen"]) {
      for (const method of ["GET", "POST", "PROPFIND"]) await app.request(path, { method });
    }
    const text = await (await app.request("/metrics", { token: TOKEN })).text();
    const labels = [...text.matchAll(/^bpt_http_requests_total\{(.*),status="\d+"\} (\d+)$/gm)];
    expect(labels.map(([, series, value]) => [series, Number(value)]).sort()).toEqual([
      ['method="GET",route="/api/streams/:name/listen"', 1],
      ['method="GET",route="/api/streams/:name/messages"', 1],
      ['method="POST",route="/api/streams/:name/messages"', 1],
      ['method="any",route="unmatched"', 6],
      ['method="any",route="unmatched"', 6],
    ]);
  } finally {
    await app.close();
  }
});

test("without a token metrics are for this machine, and not for whom a proxy on it forwards", async () => {
  await using server = await startServer({ environment: { HOST: "0.0.0.0" } });
  const local = `http://127.0.0.1:${new URL(server.url).port}`;
  expect((await fetch(`${local}/metrics`)).status).toBe(200);
  for (const name of ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"]) {
    const forwarded = await fetch(`${local}/metrics`, { headers: { [name]: "127.0.0.1" } });
    expect({ status: forwarded.status, ...((await forwarded.json()) as object) }).toMatchObject({
      status: 403,
      code: "metrics_not_open",
      error: expect.stringContaining("METRICS_TOKEN"),
    });
  }
  const address = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry?.family === "IPv4" && !entry.internal)?.address;
  if (address === undefined) return;
  expect((await fetch(`http://${address}:${new URL(server.url).port}/metrics`)).status).toBe(403);
}, 20_000);

test("with a token metrics are for whoever has it, wherever they are", async () => {
  await using server = await startServer({ environment: { METRICS_TOKEN: TOKEN } });
  const ask = (headers: Record<string, string>) => fetch(`${server.url}/metrics`, { headers });
  for (const wrong of [
    "",
    TOKEN,
    "Bearer",
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
  ]) {
    const response = await ask({ Authorization: wrong });
    expect({ wrong, status: response.status }).toEqual({ wrong, status: 401 });
    expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
  }
  expect((await ask({})).status).toBe(401);
  expect((await ask({ Authorization: `Bearer ${TOKEN}`, "X-Forwarded-For": "192.0.2.1" })).status).toBe(200);
}, 20_000);

describeWithRedis("with the live buffer in Redis", () => {
  test("metrics tell of its streams, and go on without it when it is away", async () => {
    await using redis = await startRedis();
    await using front = startUpstashFront({ redisUrl: redis.url, token: TOKEN });
    const app = await createTestApp({
      AUTH_MODE: "single-user",
      METRICS_TOKEN: TOKEN,
      UPSTASH_REDIS_REST_URL: front.url,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    });
    const metrics = async () => parse(await (await app.request("/metrics", { token: TOKEN })).text());
    try {
      app.clock.time = Date.now();
      const json = { message: { power: 200 } };
      expect((await app.request("/api/streams/ride/messages", { method: "POST", json })).status).toBe(200);
      const series = await metrics();
      expect([series.get("bpt_live_streams"), series.get("bpt_messages_stored_total")]).toEqual([1, 1]);
      expect(series.has('bpt_store_size_bytes{store="buffer"}')).toBe(false);
      await redis.kill9();
      const later = await metrics();
      expect([later.has("bpt_live_streams"), later.get("bpt_messages_stored_total")]).toEqual([false, 1]);
    } finally {
      await app.close();
    }
  }, 20_000);
});
