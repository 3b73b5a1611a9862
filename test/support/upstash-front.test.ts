import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { describeWithRedis, type RedisServer, startRedis } from "./redis.ts";
import { startUpstashFront, type UpstashFront } from "./upstash-front.ts";

const TOKEN = "secret";
const PATIENCE_MS = 50;

type Answer = { result?: unknown; error?: string };

describeWithRedis("the front that speaks Upstash's protocol", () => {
  let redis: RedisServer;
  let front: UpstashFront;

  beforeAll(async () => {
    redis = await startRedis();
    front = startUpstashFront({ redisUrl: redis.url, token: TOKEN });
  });
  beforeEach(async () => {
    await command("FLUSHALL");
    front.resetCounts();
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  function post(path: string, body: unknown, init: RequestInit = {}, url = front.url): Promise<Response> {
    const headers = { Authorization: `Bearer ${TOKEN}`, ...init.headers };
    return fetch(url + path, { ...init, method: "POST", headers, body: JSON.stringify(body) });
  }

  async function command(...words: unknown[]): Promise<Answer> {
    return (await post("/", words)).json() as Promise<Answer>;
  }

  async function commands(path: "/pipeline" | "/multi-exec", ...all: unknown[][]): Promise<Answer[]> {
    return (await post(path, all)).json() as Promise<Answer[]>;
  }

  /** A command that has arrived, and whose caller does not wait for long. */
  async function givesUp(...words: unknown[]): Promise<void> {
    const response = post("/", words, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await expect(response).rejects.toThrow(expect.objectContaining({ name: "TimeoutError" }));
  }

  test("replies have the shapes of the second version of Redis's protocol", async () => {
    expect(await command("XADD", "stream", "1-1", "f", 1.5)).toEqual({ result: "1-1" });
    expect(await command("XRANGE", "stream", "-", "+")).toEqual({ result: [["1-1", ["f", "1.5"]]] });
    expect(await command("XREAD", "STREAMS", "stream", "0")).toEqual({
      result: [["stream", [["1-1", ["f", "1.5"]]]]],
    });
    expect(await command("XREAD", "STREAMS", "stream", "1-1")).toEqual({ result: null });
    expect(await command("HSET", "hash", "a", 1, "b", true)).toEqual({ result: 2 });
    expect(await command("HGETALL", "hash")).toEqual({ result: ["a", "1", "b", "true"] });
    expect(await command("ZADD", "sorted", 1.5, "m")).toEqual({ result: 1 });
    expect(await command("ZSCORE", "sorted", "m")).toEqual({ result: "1.5" });
  });

  test("with Upstash-Encoding, strings are in base64, however deep, and nothing but OK is not", async () => {
    const headers = { "Upstash-Encoding": "base64" };
    const inBase64 = async (...words: unknown[]) => (await post("/", words, { headers })).json();
    expect(await inBase64("SET", "key", "zwölf")).toEqual({ result: "OK" });
    expect(await inBase64("GET", "key")).toEqual({ result: "enfDtmxm" });
    expect(await inBase64("EVAL", "return {'OK', 1, false}", 0)).toEqual({ result: ["T0s=", 1, null] });
    await command("XADD", "stream", "1-1", "f", "v");
    expect(await inBase64("XRANGE", "stream", "-", "+")).toEqual({ result: [["MS0x", ["Zg==", "dg=="]]] });
    expect(await (await post("/pipeline", [["GET", "key"], ["NO"]], { headers })).json()).toEqual([
      { result: "enfDtmxm" },
      { error: expect.stringContaining("ERR unknown command 'NO'") },
    ]);
  });

  test("a pipeline goes on after an error, in order", async () => {
    const answers = await commands("/pipeline", ["RPUSH", "list", 1], ["INCR", "list"], ["RPUSH", "list", 2]);
    expect(answers).toEqual([
      { result: 1 },
      { error: "WRONGTYPE Operation against a key holding the wrong kind of value" },
      { result: 2 },
    ]);
    const numbers = Array.from({ length: 500 }, (_, index) => String(index));
    await commands("/pipeline", ["DEL", "list"], ...numbers.map((number) => ["RPUSH", "list", number]));
    expect(await command("LRANGE", "list", 0, -1)).toEqual({ result: numbers });
  });

  test("transactions are atomic among everything else that goes on", async () => {
    const swap = (value: number) => commands("/multi-exec", ["SET", "key", value], ["GET", "key"]);
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    const answers = await Promise.all(
      numbers.map(async (number) => {
        const [, [, got] = []] = await Promise.all([command("SET", "key", "other"), swap(number)]);
        return got?.result;
      }),
    );
    expect(answers).toEqual(numbers.map(String));
    expect(await commands("/multi-exec", ["SET", "key", "x"], ["INCR", "key"])).toEqual([
      { result: "OK" },
      { error: "ERR value is not an integer or out of range" },
    ]);
    const broken = await post("/multi-exec", [["SET", "key", "y"], ["SET"]]);
    expect(broken.status).toBe(400);
    expect(await broken.json()).toEqual({ error: expect.stringMatching(/^EXECABORT/) });
    expect(await command("GET", "key")).toEqual({ result: "x" });
  });

  test("scripts", async () => {
    const script = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
    const unknown = await post("/", ["EVALSHA", new Bun.SHA1().update(script).digest("hex"), 1, "key", 2]);
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toEqual({ error: expect.stringMatching(/^NOSCRIPT /) });
    expect(await command("EVAL", script, 1, "key", 2)).toEqual({ result: 2 });
    const { result: sha } = await command("SCRIPT", "LOAD", script);
    expect(await command("EVALSHA", sha, 1, "key", 3)).toEqual({ result: 5 });
    expect(front.commandsTouching("key")).toBe(3);
  });

  test("what is wrong is refused", async () => {
    const refused = async (response: Response) => [
      response.status,
      ((await response.json()) as Answer).error,
    ];
    expect(
      await refused(await post("/", ["GET", "key"], { headers: { Authorization: "Bearer no" } })),
    ).toEqual([401, expect.stringMatching(/^WRONGPASS/)]);
    expect(await refused(await post("/", []))).toEqual([400, "ERR empty command"]);
    expect(await refused(await post("/", "GET"))).toEqual([400, "ERR empty command"]);
    expect(await refused(await post("/pipeline", "GET"))).toEqual([400, expect.stringContaining("array")]);
    expect(await refused(await post("/", undefined))).toEqual([400, expect.stringContaining("JSON")]);
    expect(await refused(await post("/", ["subscribe", "channel"]))).toEqual([
      400,
      "ERR Command is not available: 'subscribe'",
    ]);
    expect((await post("/", ["XREAD", "BLOCK", 0, "STREAMS", "stream", "$"])).status).toBe(400);
    expect((await post("/nowhere", ["PING"])).status).toBe(404);
    expect(front.commands).toBe(0);
  });

  test("commands are counted, by their names and by their keys", async () => {
    await command("set", "a", 1);
    await commands(
      "/pipeline",
      ["SET", "b", "a"],
      ["RENAME", "b", "c"],
      ["XREAD", "STREAMS", "d", "e", 0, 0],
    );
    await commands("/multi-exec", ["DEL", "a", "c"]);
    expect(front.commands).toBe(5);
    expect(["SET", "del", "GET"].map(front.countOf)).toEqual([2, 1, 0]);
    expect(["a", "b", "c", "d", "e", "0"].map(front.commandsTouching)).toEqual([2, 2, 2, 1, 1, 0]);
    front.resetCounts();
    expect([front.commands, front.countOf("SET"), front.commandsTouching("a")]).toEqual([0, 0, 0]);
  });

  test("a dropped answer is to a request that was carried out, once", async () => {
    front.dropAnswers(2);
    await expect(command("INCR", "key")).rejects.toThrow(expect.objectContaining({ code: "ECONNRESET" }));
    await expect(commands("/pipeline", ["INCR", "key"], ["INCR", "key"])).rejects.toThrow("closed");
    expect(await command("GET", "key")).toEqual({ result: "3" });
  });

  test("hanging, it answers nobody; after that it works off what came, in order", async () => {
    front.hang(true);
    await givesUp("RPUSH", "list", "first");
    await givesUp("RPUSH", "list", "second");
    const patient = command("RPUSH", "list", "third");
    expect(front.commands).toBe(0);
    front.hang(false);
    expect(await patient).toEqual({ result: 3 });
    expect(await command("LRANGE", "list", 0, -1)).toEqual({ result: ["first", "second", "third"] });
  });

  test("without Redis it answers at once, and goes on when Redis is back", async () => {
    await command("SET", "key", "kept");
    await redis.kill9();
    for (const path of ["/", "/pipeline", "/multi-exec"]) {
      const response = await post(path, path === "/" ? ["GET", "key"] : [["GET", "key"]]);
      expect([response.status, await response.json()]).toEqual([
        500,
        { error: expect.stringMatching(/^ERR Redis is out of reach/) },
      ]);
    }
    await redis.restart();
    expect(await command("GET", "key")).toEqual({ result: "kept" });
    expect(await command("HSET", "hash", "a", 1)).toEqual({ result: 1 });
    expect(await command("HGETALL", "hash")).toEqual({ result: ["a", "1"] });
  });

  test("a Redis that says nothing leaves callers waiting, and answers them later", async () => {
    redis.pause();
    await givesUp("INCR", "key");
    const patient = command("INCR", "key");
    redis.resume();
    expect(await patient).toEqual({ result: 2 });
  });

  test("a Redis that dies under a request", async () => {
    redis.pause();
    const response = post("/", ["INCR", "key"]);
    await givesUp("INCR", "key");
    await redis.kill9();
    expect((await response).status).toBe(500);
    await redis.restart();
    expect(await command("PING")).toEqual({ result: "PONG" });
  });

  test("stopped, it is away; restarted, it is back at the same address, and without faults", async () => {
    front.hang(true);
    const forgotten = command("SET", "key", "forgotten");
    await givesUp("PING");
    await front.stop();
    await expect(forgotten).rejects.toThrow(expect.objectContaining({ code: "ECONNRESET" }));
    await expect(command("PING")).rejects.toThrow(expect.objectContaining({ code: "ECONNREFUSED" }));
    front.restart();
    expect(await command("GET", "key")).toEqual({ result: null });
  });

  test("as a process of its own it prints its address", async () => {
    const own = Bun.spawn([process.execPath, join(import.meta.dir, "upstash-front.ts")], {
      env: { PATH: process.env.PATH, REDIS_URL: redis.url, TOKEN },
      stdout: "pipe",
    });
    const { value } = await own.stdout.getReader().read();
    const { url } = JSON.parse(new TextDecoder().decode(value)) as { url: string };
    expect(await (await post("/", ["PING"], {}, url)).json()).toEqual({ result: "PONG" });
    own.kill();
  });
});
