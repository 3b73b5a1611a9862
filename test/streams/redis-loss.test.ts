import { afterEach, beforeEach, expect, test } from "bun:test";
import { parseConfig } from "../../src/config.ts";
import { examine } from "../../src/doctor/examine.ts";
import { createLogger } from "../../src/logger.ts";
import { createRuntime } from "../../src/runtime.ts";
import { BEGUN, LAST, OWNERS } from "../../src/streams/redis-keys.ts";
import { watchRedis } from "../../src/streams/redis-watch.ts";
import { append, sendBatch } from "../features/streams/streams.ts";
import { complete, eachSecond, getWorkout, startRide, sweepOnce, trash } from "../features/workouts/rides.ts";
import { type Rider, registerRider } from "../support/accounts.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { describeWithRedis } from "../support/redis.ts";
import { openDriver, redisKey, type Store, startStore, TOKEN } from "./redis-support.ts";

const HOUR_MS = 3_600_000;

/** What every append makes use of, beside its stream and the rider's index. */
const IN_USE = [BEGUN, LAST, OWNERS];

describeWithRedis("a Redis that loses what it has acknowledged", () => {
  let store: Store;
  let app: TestApp;
  let rider: Rider;
  const environment = () => ({ UPSTASH_REDIS_REST_URL: store.front.url, UPSTASH_REDIS_REST_TOKEN: TOKEN });
  beforeEach(async () => {
    store = await startStore();
    app = await createTestApp(environment());
    rider = await registerRider(app);
  });
  afterEach(async () => {
    await app.close();
    await store[Symbol.asyncDispose]();
  });

  const begin = async () => {
    const { id } = await startRide(rider, { streamName: "ride" });
    await sendBatch(rider, "ride", eachSecond(100));
    return id;
  };
  const key = () => redisKey({ owner: rider.userId, name: "ride" });

  /** Has Redis throw a key away for room that was not used for a second, while another ride goes on. */
  async function evict(name: string): Promise<void> {
    await store.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await store.command("CONFIG", "SET", "maxmemory-samples", "64");
    await Bun.sleep(1100);
    await store.command("CONFIG", "SET", "maxmemory", "4mb");
    for (let filler = 0; (await store.command("EXISTS", name)) === 1; filler++) {
      await append(rider, "other", { power: 200 });
      // That may have taken a second on a busy machine: what it made use of is in use.
      await store.command("TOUCH", ...IN_USE, `workout:${rider.userId}`);
      await store.command("SET", `filler-${filler}`, "x".repeat(50_000));
    }
    await store.command("CONFIG", "SET", "maxmemory", "0");
  }

  /** Nothing makes a ride of what is left, and nothing is changed by the attempt. */
  async function expectNotCompleted(id: string): Promise<void> {
    const refusal = await rider.refused("POST", `/api/workouts/${id}/complete`);
    expect(refusal).toMatchObject({ status: 503, code: "buffer_unavailable" });
    expect(refusal.error).toContain("have been lost");
    expect(await rider.refused("DELETE", `/api/workouts/${id}`)).toMatchObject({ status: 503 });
    app.clock.time += 13 * HOUR_MS;
    await sweepOnce(app.deps);
    expect(await getWorkout(rider, id)).toMatchObject({ status: "ACTIVE", summary: null });
  }

  async function streamFindings() {
    const config = parseConfig({ DATA_DIR: app.directory, ...environment() });
    return (await examine(config, app.clock.time)).filter(({ check }) => check === "streams");
  }

  test("a stream that was evicted makes no ride, also with what came after it", async () => {
    const id = await begin();
    await evict(key());
    await expectNotCompleted(id);
    await append(rider, "ride", { power: 300 });
    await expectNotCompleted(id);
    expect(await streamFindings()).toMatchObject([
      { status: "problem", message: expect.stringContaining("ride of") },
    ]);
  }, 20_000);

  test("nor does one of which the first samples are gone", async () => {
    const id = await begin();
    const [first] = (await store.command("XRANGE", key(), "-", "+", "COUNT", "1")) as [string, string[]][];
    await store.command("XDEL", key(), first?.[0] ?? "");
    await expectNotCompleted(id);
  });

  test.each([
    ["the stream and the index", () => [key(), `workout:${rider.userId}`]],
    [
      "the stream, the index and what is known of its beginning",
      () => [key(), `workout:${rider.userId}`, "workouts:begun"],
    ],
  ])("nor without %s", async (_, keys) => {
    const id = await begin();
    await store.command("DEL", ...keys());
    await expectNotCompleted(id);
  });

  test("nor does a Redis that came back empty", async () => {
    const id = await begin();
    await store.command("FLUSHALL");
    await expectNotCompleted(id);
    // Whoever says that it is to begin anew gets what comes then.
    await rider.send("POST", "/api/streams/create", { streamName: "ride" });
    await append(rider, "ride", { power: 300 });
    expect(await complete(rider, id)).toMatchObject({ archivedMessages: 1 });
  });

  test("an idle stream of no ride that has lost its samples is neither deleted nor made a ride", async () => {
    await append(rider, "loose", { power: 200 });
    await store.command("DEL", redisKey({ owner: rider.userId, name: "loose" }));
    app.clock.time += 13 * HOUR_MS;
    await sweepOnce(app.deps);
    expect(await app.deps.buffer.list()).toMatchObject([{ name: "loose", length: 0, hasLost: true }]);
    expect(await rider.send("DELETE", "/api/streams/loose")).toMatchObject({ success: true });
    expect(await app.deps.buffer.list()).toEqual([]);
  });

  test("without its index a stream is complete, and is deleted with its ride", async () => {
    const id = await begin();
    await store.command("DEL", `workout:${rider.userId}`);
    expect(await complete(rider, id)).toMatchObject({ archivedMessages: 100 });
    expect(await store.command("EXISTS", key())).toBe(0);
  });

  test("what was deleted is not lost: streams one after another, and what is left of one", async () => {
    for (const count of [3, 5]) {
      const { id } = await startRide(rider, { streamName: "ride" });
      await sendBatch(rider, "ride", eachSecond(count));
      expect(await complete(rider, id)).toMatchObject({ archivedMessages: count });
    }
    const buffer = openDriver(store.front);
    const stream = { owner: rider.userId, name: "rest" };
    const [first = "", second = ""] = await buffer.append(stream, ["{}", "{}"]);
    await buffer.delete(stream, first);
    expect((await buffer.range(stream, "0-0", "9999999999999-0", 9)).map(({ id }) => id)).toEqual([second]);
    await store.command("DEL", redisKey(stream));
    expect(buffer.range(stream, "0-0", "9999999999999-0", 9)).rejects.toMatchObject({
      code: "buffer_unavailable",
    });
    await buffer.close();
  });

  test("what is left is a ride as soon as the operator says that it is all", async () => {
    const id = await begin();
    await store.command("DEL", key());
    await store.command("HDEL", "workouts:begun", `${rider.userId}:ride`);
    expect(await trash(rider, id)).toMatchObject({ success: true });
  });
});

describeWithRedis("the settings of Redis", () => {
  let store: Store;
  beforeEach(async () => {
    store = await startStore();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const configure = (name: string, value: string) => store.command("CONFIG", "SET", name, value);

  async function watched() {
    const lines: string[] = [];
    const log = { warn: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
    const watch = await watchRedis({ url: store.front.url, token: TOKEN }, log as never);
    watch.stop();
    return { lines, risks: watch.risks, isEvicting: watch.isEvicting };
  }

  test("as they should be are no risk", async () => {
    expect(await watched()).toEqual({ lines: [], risks: [], isEvicting: false });
  });

  test.each(["allkeys-lru", "allkeys-random", "volatile-ttl"])(
    "a limit with %s stops the start",
    async (policy) => {
      await configure("maxmemory", "100mb");
      await configure("maxmemory-policy", policy);
      const directory = await temporaryDirectory();
      const config = parseConfig({
        DATA_DIR: directory.path,
        UPSTASH_REDIS_REST_URL: store.front.url,
        UPSTASH_REDIS_REST_TOKEN: TOKEN,
      });
      expect(createRuntime(config, createLogger("silent"))).rejects.toThrow(
        `its maxmemory-policy is ${policy}`,
      );
      await configure("maxmemory-policy", "noeviction");
      const runtime = await createRuntime(config, createLogger("silent"));
      await runtime.close();
      await directory.remove();
    },
  );

  test("a policy that is no danger yet, and no log, are told", async () => {
    await configure("maxmemory-policy", "allkeys-lru");
    await configure("appendonly", "no");
    const { lines, risks } = await watched();
    expect(lines).toEqual([
      expect.stringContaining("once maxmemory is set"),
      expect.stringContaining("append-only"),
    ]);
    expect(risks).toEqual(lines);
    const app = await createTestApp({
      UPSTASH_REDIS_REST_URL: store.front.url,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    });
    expect(await (await app.request("/health")).json()).toMatchObject({ status: "ok", risks: lines });
    await app.close();
  });

  test("one that does not tell is served, and that is told once", async () => {
    await store.command("ACL", "SETUSER", "default", "-info");
    expect((await watched()).lines).toEqual([expect.stringContaining("does not tell")]);
  });

  test("one that is away is looked at later", async () => {
    await store.redis.stop();
    expect(await watched()).toEqual({ lines: [], risks: [], isEvicting: false });
  });
});
