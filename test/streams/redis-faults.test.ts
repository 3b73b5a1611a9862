import { afterEach, beforeEach, expect, test } from "bun:test";
import { setTimeout } from "node:timers/promises";
import pino from "pino";
import { AppError } from "../../src/errors.ts";
import type { MessageId, StreamBuffer, StreamKey } from "../../src/streams/buffer.ts";
import { compareMessageIds, FIRST_MESSAGE_ID } from "../../src/streams/message-id.ts";
import { APPEND_SCRIPT, READ_AFTER_SCRIPT } from "../../src/streams/redis-scripts.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startUpstashFront } from "../support/upstash-front.ts";
import {
  data,
  everything,
  openDriver,
  redisKey,
  type Store,
  startInstance,
  startStore,
  TOKEN,
  timed,
  until,
} from "./redis-support.ts";

const RIDE: StreamKey = { owner: "owner-5ecret", name: "ride" };
const LIMIT_MS = 2500;
const UNAVAILABLE = { code: "buffer_unavailable" };

describeWithRedis("the Redis driver when things go wrong", () => {
  let store: Store;
  let buffer: StreamBuffer;
  beforeEach(async () => {
    store = await startStore();
    buffer = openDriver(store.front);
    await buffer.append(RIDE, [data("first")]);
    store.front.resetCounts();
  });
  afterEach(async () => {
    store.redis.resume();
    store.front.hang(false);
    await buffer.close();
    await store[Symbol.asyncDispose]();
  });

  const length = async (key = RIDE) => Number(await store.command("XLEN", redisKey(key)));
  const texts = async (key = RIDE) => (await everything(buffer, key)).map((message) => message.data);

  /** Every method that asks Redis. */
  const calls: Record<string, () => Promise<unknown>> = {
    append: () => buffer.append(RIDE, [data("secret sample")]),
    create: () => buffer.create({ ...RIDE, name: "new" }),
    delete: () => buffer.delete(RIDE, FIRST_MESSAGE_ID),
    range: () => buffer.range(RIDE, "-", "+", 10),
    readAfter: () => buffer.readAfter({ owner: RIDE.owner }, FIRST_MESSAGE_ID, 10),
    tail: () => buffer.tail(RIDE.owner),
    info: () => buffer.info(RIDE),
    list: () => buffer.list(),
    "list of one": () => buffer.list(RIDE.owner),
    ping: () => buffer.ping(),
  };

  /** What every call came to, all of them made at once. */
  async function callAll() {
    const named = Object.entries(calls).map(async ([name, call]) => ({ name, ...(await timed(call())) }));
    return Promise.all(named);
  }

  async function expectAllRejectWithin(milliseconds: number): Promise<unknown[]> {
    const outcomes = await callAll();
    for (const { name, error, milliseconds: taken } of outcomes) {
      expect({ name, error }).toMatchObject({ name, error: UNAVAILABLE });
      expect(taken).toBeLessThan(milliseconds);
    }
    return outcomes.map(({ error }) => error);
  }

  async function expectAllWork(): Promise<void> {
    for (const { name, error } of await callAll())
      expect({ name, error }).toEqual({ name, error: undefined });
  }

  test("an answer that is lost is a failure, and nothing is sent again", async () => {
    store.front.dropAnswers(1);
    const lost = buffer.append(RIDE, [data("lost"), data("lost too")]);
    await expect(lost).rejects.toMatchObject(UNAVAILABLE);
    expect(store.front.countOf("EVALSHA")).toBe(1);
    expect(await length()).toBe(3);
    // Those that go out together are lost together, and each is stored once.
    store.front.dropAnswers(1);
    const keys = ["a", "b", "c"].map((name) => ({ ...RIDE, name }));
    const results = await Promise.allSettled(keys.map((key) => buffer.append(key, [data("together")])));
    for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
    expect(store.front.countOf("EVALSHA")).toBe(2);
    for (const key of keys) expect(await length(key)).toBe(1);
    await buffer.append(RIDE, [data("next")]);
    expect(await texts()).toEqual(["first", "lost", "lost too", "next"].map((word) => data(word)));
  });

  test("a lost answer to a deletion is a failure, and the deletion happened once", async () => {
    store.front.dropAnswers(1);
    await expect(buffer.delete(RIDE)).rejects.toMatchObject(UNAVAILABLE);
    expect(store.front.countOf("EVALSHA")).toBe(1);
    expect(await buffer.info(RIDE)).toBeNull();
  });

  test("an answer lost while scripts are loaded leaves nothing stored twice", async () => {
    // The first says that the script is missing, the second that it has been loaded, the third what time it is for
    // Redis, the fourth what was stored.
    for (const position of [1, 2, 3, 4]) {
      await store.command("SCRIPT", "FLUSH");
      await using losing = losingAnswer(store.front.url, position);
      const unlucky = openDriver(losing);
      const key = { ...RIDE, name: `lost-${position}` };
      await expect(unlucky.append(key, [data("sample")])).rejects.toMatchObject(UNAVAILABLE);
      expect(await length(key)).toBe(position === 4 ? 1 : 0);
      await unlucky.append(key, [data("next")]);
      expect(await length(key)).toBe(position === 4 ? 2 : 1);
      await unlucky.close();
    }
  });

  test("after a kill -9 everything acknowledged is there, once, and ids go on", async () => {
    const keys = ["a", "b", "c"].map((name) => ({ ...RIDE, name }));
    const sent = new Set<string>();
    const acknowledged: { id: MessageId; key: StreamKey; text: string }[] = [];
    let riding = true;
    const ride = async (key: StreamKey) => {
      for (let sample = 0; riding; sample++) {
        const batch = [data(`${key.name} ${sample}`), data(`${key.name} ${sample} again`)];
        for (const text of batch) sent.add(text);
        const ids = await buffer.append(key, batch).catch(() => []);
        acknowledged.push(...ids.map((id, index) => ({ id, key, text: batch[index] ?? "" })));
        if (ids.length === 0) await setTimeout(20);
      }
    };
    const rides = keys.map(ride);
    for (let kill = 0; kill < 3; kill++) {
      const reached = acknowledged.length + 60;
      await until(() => acknowledged.length > reached);
      await store.redis.kill9();
      await expect(buffer.ping()).rejects.toMatchObject(UNAVAILABLE);
      await store.redis.restart();
    }
    const reached = acknowledged.length + 30;
    await until(() => acknowledged.length > reached);
    riding = false;
    await Promise.all(rides);
    // Redis forgot its scripts each time.
    expect(store.front.countOf("SCRIPT")).toBeGreaterThanOrEqual(9);
    const stored = new Map<string, MessageId>();
    for (const key of keys) {
      for (const message of await everything(buffer, key)) {
        expect(stored.has(message.data)).toBe(false);
        expect(sent.has(message.data)).toBe(true);
        stored.set(message.data, message.id);
      }
    }
    for (const { id, text } of acknowledged) expect(stored.get(text)).toBe(id);
    for (const key of keys) {
      const own = acknowledged.filter((message) => message.key === key).map(({ id }) => id);
      expect(own).toEqual(own.toSorted(compareMessageIds));
    }
    expect(new Set(stored.values()).size).toBe(stored.size);
    const [next = ""] = await buffer.append(RIDE, [data("next")]);
    for (const id of stored.values()) expect(compareMessageIds(id, next)).toBeLessThan(0);
  }, 20_000);

  test("scripts that Redis has forgotten are brought again, for every method and all at once", async () => {
    for (let round = 0; round < 3; round++) {
      await store.command("SCRIPT", "FLUSH");
      await expectAllWork();
    }
    await store.command("SCRIPT", "FLUSH");
    // Appends and a deletion among them, in one request.
    const key = { ...RIDE, name: "mixed" };
    await Promise.all([
      buffer.append(key, [data("before")]),
      buffer.delete(key),
      buffer.append(key, [data("after")]),
      buffer.append(key, [data("after that")]),
    ]);
    expect(await texts(key)).toEqual([data("after"), data("after that")]);
  });

  test.each([
    ["Redis", () => store.redis.pause(), () => store.redis.resume()],
    ["the way to it", () => store.front.hang(true), () => store.front.hang(false)],
  ])(
    "while %s hangs every call is refused in time, and works again afterwards",
    async (_, hang, resume) => {
      hang();
      const inFlight = timed(buffer.append(RIDE, [data("in flight")]));
      await setTimeout(50);
      const queued = Array.from({ length: 30 }, async (_, index) => {
        await setTimeout(index * 60);
        return timed(buffer.append(RIDE, [data(`queued ${index}`)]));
      });
      await expectAllRejectWithin(LIMIT_MS);
      for (const { error, milliseconds } of [await inFlight, ...(await Promise.all(queued))]) {
        expect(error).toMatchObject(UNAVAILABLE);
        expect(milliseconds).toBeLessThan(LIMIT_MS);
      }
      resume();
      await until(() =>
        buffer.append(RIDE, [data("afterwards")]).then(
          () => true,
          () => false,
        ),
      );
      await expectAllWork();
      // What was refused is not carried out when Redis goes on.
      const secret = data("secret sample");
      expect((await texts()).filter((text) => text !== secret)).toEqual([data("first"), data("afterwards")]);
    },
    15_000,
  );

  test.each([
    ["this Redis", 0],
    ["a clock an hour behind it", -3_600_000],
    ["a clock an hour ahead of it", 3_600_000],
  ])(
    "what was refused does not come back after its stream is gone, by %s",
    async (_, skew) => {
      const skewed = openDriver(store.front, () => Date.now() + skew);
      const elsewhere = startInstance(store);
      await skewed.append(RIDE, [data("second")]);
      store.front.hang(true);
      const { error } = await timed(skewed.append(RIDE, [data("late")]));
      expect(error).toMatchObject(UNAVAILABLE);
      // The ride is completed at another instance, and a new one begins there.
      expect(await elsewhere.buffer.delete(RIDE)).toBe(true);
      const late = timed(skewed.delete(RIDE));
      await setTimeout(10);
      expect((await late).error).toMatchObject(UNAVAILABLE);
      await elsewhere.buffer.create(RIDE);
      store.front.resetCounts();
      store.front.hang(false);
      await until(() => store.front.countOf("EVALSHA") >= 2);
      await skewed.append({ ...RIDE, name: "next" }, [data("next")]);
      expect(await elsewhere.buffer.info(RIDE)).toMatchObject({ length: 0 });
      await elsewhere[Symbol.asyncDispose]();
      await skewed.close();
    },
    15_000,
  );

  test("the first write of a process is refused as any other if it comes too late", async () => {
    const fresh = openDriver(store.front);
    store.front.hang(true);
    expect((await timed(fresh.append(RIDE, [data("late")]))).error).toMatchObject(UNAVAILABLE);
    store.front.hang(false);
    await fresh.append(RIDE, [data("in time")]);
    expect(await texts()).toEqual([data("first"), data("in time")]);
    await fresh.close();
  });

  test("where scripts may not ask for the time, nothing is late", async () => {
    await store.command("ACL", "SETUSER", "default", "-time");
    const fresh = openDriver(store.front);
    await fresh.append(RIDE, [data("second")]);
    await fresh.append(RIDE, [data("third")]);
    expect(await fresh.delete({ ...RIDE, name: "missing" })).toBe(false);
    expect(await texts()).toEqual([data("first"), data("second"), data("third")]);
    expect(await fresh.delete(RIDE)).toBe(true);
    await fresh.close();
  });

  test("however many reads wait for a slow Redis, appends get through", async () => {
    await using slow = holding(store.front.url, READ_AFTER_SCRIPT.sha);
    const driver = openDriver(slow);
    await driver.append(RIDE, [data("before")]);
    const reads = Array.from({ length: 600 }, (_, index) =>
      timed(driver.readAfter({ owner: `owner-${index}` }, FIRST_MESSAGE_ID, 10)),
    );
    await until(() => slow.held > 100);
    await driver.append(RIDE, [data("meanwhile")]);
    await driver.ping();
    expect(slow.held).toBeLessThan(200);
    // Those that were not sent in time are not sent at all.
    for (const { error, milliseconds } of await Promise.all(reads)) {
      expect(error).toMatchObject(UNAVAILABLE);
      expect(milliseconds).toBeLessThan(LIMIT_MS);
    }
    slow.release();
    expect((await driver.readAfter({ owner: "somebody" }, FIRST_MESSAGE_ID, 10)).entries).toEqual([]);
    expect(slow.held).toBeLessThan(300);
    await driver.close();
  }, 10_000);

  test("however many ask whether a slow Redis answers, it is asked once, and again afterwards", async () => {
    await using slow = holding(store.front.url, "ping");
    const driver = openDriver(slow);
    const pings = Array.from({ length: 500 }, () => driver.ping());
    await until(() => slow.held > 0);
    await driver.append(RIDE, [data("meanwhile")]);
    slow.release();
    await Promise.all(pings);
    expect(slow.held).toBe(1);
    await driver.ping();
    expect(slow.held).toBe(2);
    await driver.close();
  });

  test("those who wait behind many others are refused in time, and theirs is not sent", async () => {
    store.front.hang(true);
    const many = await Promise.all(
      Array.from({ length: 3500 }, (_, index) => timed(buffer.append(RIDE, [data(index)]))),
    );
    for (const { error, milliseconds } of many) {
      expect(error).toMatchObject(UNAVAILABLE);
      expect(milliseconds).toBeLessThan(LIMIT_MS);
    }
    store.front.hang(false);
    // What was sent are the first two requests, of a thousand each, and both come too late.
    await until(() => store.front.countOf("EVALSHA") === 2);
    await buffer.append(RIDE, [data("afterwards")]);
    expect(store.front.countOf("EVALSHA")).toBe(3);
    expect(await texts()).toEqual([data("first"), data("afterwards")]);
  }, 10_000);

  test("when requests are slow each append is answered in time, and some get through", async () => {
    // Of requests of 1.2 s most have not waited for long when they are answered; of 1.9 s a few.
    await Promise.all([ridden(1200, 14), ridden(1900, 3)]);
  }, 15_000);

  /** Appends for a while with requests that take so long, of which at least so many should be acknowledged. */
  async function ridden(delay: number, least: number): Promise<void> {
    const key = { ...RIDE, name: `slow-${delay}` };
    await using slow = slowed(store.front.url, delay);
    const patient = openDriver(slow);
    // The first asks for Redis's time as well.
    await timed(patient.create(key));
    const appends: ReturnType<typeof timed<string[]>>[] = [];
    for (let sample = 0; sample < 20; sample++) {
      appends.push(timed(patient.append(key, [data(sample)])));
      await setTimeout(150);
    }
    const outcomes = await Promise.all(appends);
    for (const { error, milliseconds } of outcomes) {
      if (error) expect(error).toMatchObject(UNAVAILABLE);
      expect(milliseconds).toBeLessThan(LIMIT_MS);
    }
    await patient.close();
    const stored = await everything(buffer, key);
    const acknowledged = outcomes.flatMap(({ value }) => value ?? []);
    expect(acknowledged.length).toBeGreaterThanOrEqual(least);
    const ids = stored.map(({ id }) => id);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(stored.map((message) => message.data)).size).toBe(stored.length);
  }

  test("a Redis without memory refuses messages, and lets streams be deleted", async () => {
    await using store = await startStore();
    const buffer = openDriver(store.front);
    const full = { owner: "rider", name: "full" };
    const empty = { owner: "rider", name: "empty" };
    await buffer.append(full, [data("x".repeat(100_000))]);
    await buffer.create(empty);
    await store.command("CONFIG", "SET", "maxmemory", "100kb");
    expect(await buffer.append(full, [data(2)]).catch((error: unknown) => error)).toMatchObject({
      code: "buffer_unavailable",
    });
    expect(await buffer.delete(full)).toBe(true);
    expect(await buffer.delete(empty)).toBe(true);
    expect(await buffer.list("rider")).toEqual([]);
    await buffer.close();
  });

  test("a Redis that is away is a failure at once", async () => {
    await store.front.stop();
    await expectAllRejectWithin(1000);
    store.front.restart();
    await expectAllWork();
    await store.redis.kill9();
    await expectAllRejectWithin(1000);
    await store.redis.restart();
    await expectAllWork();
  });

  test("a request that fails does not keep a later one from being carried out", async () => {
    for (let round = 0; round < 5; round++) {
      await store.front.stop();
      await expect(buffer.append(RIDE, [data("refused")])).rejects.toMatchObject(UNAVAILABLE);
      store.front.restart();
      await buffer.append(RIDE, [data(`round ${round}`)]);
    }
    expect(await texts()).toEqual([data("first"), ...[0, 1, 2, 3, 4].map((round) => data(`round ${round}`))]);
  });

  test("the log tells what an operator can do something about", async () => {
    const cause = async (
      url: string,
      call: (buffer: StreamBuffer) => Promise<unknown> = ({ ping }) => ping(),
    ) => {
      const driver = openDriver({ url });
      const { error } = await timed(call(driver));
      await driver.close();
      expectNoSecrets(error);
      return error instanceof AppError && error.cause instanceof Error ? error.cause.message : "";
    };
    const answered = async (body: string, status: number) => {
      await using server = answering(body, status);
      return await cause(server.url);
    };
    const CHECK_TOKEN = "check UPSTASH_REDIS_REST_TOKEN";
    const CHECK_URL = "check UPSTASH_REDIS_REST_URL";
    await using stranger = startUpstashFront({ redisUrl: store.redis.url, token: "another" });
    expect(await cause(stranger.url)).toBe(`Redis: HTTP error WRONGPASS; ${CHECK_TOKEN}`);
    const unauthorized = await answered('{"error":"Unauthorized"}', 401);
    expect(unauthorized).toBe(`Redis: HTTP error Unauthorized; ${CHECK_TOKEN}`);
    expect(await answered("<html>502 Bad Gateway</html>", 502)).toBe(
      `Redis: an answer that is not JSON; ${CHECK_URL}`,
    );
    expect(await answered('{"message":"Not Found"}', 404)).toBe(
      `Redis: HTTP error without a reason; ${CHECK_URL}`,
    );
    expect(await answered("{}", 200)).toStartWith("Redis: an answer that is none");
    expect(await answered('[{"error":"LOADING Redis is loading the dataset in memory"}]', 200)).toBe(
      "Redis: LOADING Redis is loading the dataset in memory; it is still reading its data",
    );
    expect(await cause("http://127.0.0.1:1")).toMatch(
      /^Redis: no connection \(\w+\); check UPSTASH_REDIS_REST_URL$/,
    );
    store.front.hang(true);
    expect(await cause(store.front.url)).toBe("Redis: no answer in time");
    store.front.hang(false);
    await store.command("CONFIG", "SET", "maxmemory", "1");
    const append = (driver: StreamBuffer) => driver.append(RIDE, [data("secret sample")]);
    const full = await cause(store.front.url, append);
    expect(full).toStartWith("Redis: OOM command not allowed");
    expect(full).toEndWith("; its memory is full");
    await store.command("CONFIG", "SET", "maxmemory", "0");
    await store.command("ACL", "SETUSER", "default", "-evalsha");
    expect(await cause(store.front.url, append)).toContain("NOPERM");
  }, 10_000);

  test("an answer that is none is a failure", async () => {
    const answers = [
      "no JSON",
      '{"error":"ERR secret sample"}',
      "[]",
      "null",
      "{}",
      '[{"result":7}]',
      UNKNOWN_COMMAND,
    ];
    for (const answer of answers) {
      await using server = answering(answer);
      const confused = openDriver(server);
      for (const text of ["secret sample", "another secret sample"]) {
        const { error } = await timed(confused.append(RIDE, [data(text)]));
        expect({ answer, error }).toMatchObject({ answer, error: UNAVAILABLE });
        expectNoSecrets(error);
      }
      const { error } = await timed(confused.readAfter({ owner: RIDE.owner }, FIRST_MESSAGE_ID, 10));
      expect({ answer, error }).toMatchObject({ answer, error: UNAVAILABLE });
      const reads: (() => Promise<unknown>)[] = [
        () => confused.range(RIDE, "-", "+", 10),
        () => confused.info(RIDE),
        () => confused.list(),
        () => confused.ping(),
      ];
      for (const read of reads) {
        const { error: unread } = await timed(read());
        expect({ answer, error: unread }).toMatchObject({ answer, error: UNAVAILABLE });
        expectNoSecrets(unread);
      }
      await confused.close();
    }
  });

  test("what nobody has said to be stored is not taken for it", async () => {
    for (const result of [undefined, null, [], [null], {}, 7, ["0-1", ["OOM command not allowed"]]]) {
      await using server = answering(JSON.stringify([{ result }]));
      const confused = openDriver(server);
      const results = await Promise.allSettled([
        confused.append(RIDE, [data(1)]),
        confused.append(RIDE, [data(2)]),
      ]);
      expect(results[1]).toMatchObject({ reason: UNAVAILABLE });
      if (!Array.isArray(result) || result[0] === null) {
        expect(results[0]).toMatchObject({ reason: UNAVAILABLE });
      }
      if (result !== 7) await expect(confused.delete(RIDE)).rejects.toMatchObject(UNAVAILABLE);
      await confused.close();
    }
  });

  test("errors have neither the token nor samples nor the command in them", async () => {
    const errors: unknown[] = [];
    store.front.dropAnswers(Object.keys(calls).length);
    errors.push(...(await callAll()).map(({ error }) => error));
    store.front.dropAnswers(0);
    await store.front.stop();
    errors.push(...(await expectAllRejectWithin(1000)));
    store.front.restart();
    const { buffer: usual, front } = { buffer, front: store.front };
    await store.redis.kill9();
    errors.push(...(await expectAllRejectWithin(1000)));
    await store.redis.restart();
    await store.command("SET", redisKey(RIDE), "no stream");
    for (const call of ["append", "delete", "range", "readAfter", "info"]) {
      errors.push((await timed(calls[call]?.() ?? Promise.resolve())).error);
    }
    await store.command("ACL", "SETUSER", "default", "-evalsha");
    errors.push((await timed(usual.append(RIDE, [data("secret sample")]))).error);
    await store.command("ACL", "SETUSER", "default", "+@all");
    store.front.hang(true);
    errors.push(...(await expectAllRejectWithin(LIMIT_MS)));
    store.front.hang(false);
    await using stranger = answering('{"error":"WRONGPASS"}', 401);
    buffer = openDriver(stranger);
    errors.push(...(await expectAllRejectWithin(1000)));
    buffer = usual;
    await usual.close();
    errors.push((await timed(usual.append(RIDE, [data("secret sample")]))).error);
    expect(errors.length).toBeGreaterThan(45);
    expect(front.token).toBe(TOKEN);
    for (const error of errors) expectNoSecrets(error);
  }, 15_000);
});

const SECRETS = [TOKEN, "secret sample", RIDE.owner, "workout:", APPEND_SCRIPT.sha, "XRANGE"];

/** How Redis refuses what it does not know, with what it was told. */
const UNKNOWN_COMMAND = JSON.stringify([
  {
    error: `ERR unknown command 'EVALSHA', with args beginning with: '${APPEND_SCRIPT.sha}' 'secret sample'`,
  },
]);

function expectNoSecrets(error: unknown): void {
  expect(error).toBeInstanceOf(AppError);
  const words = [...wordsOf(error), JSON.stringify(error), String(error)];
  if (error instanceof Error) words.push(JSON.stringify(pino.stdSerializers.err(error)));
  const told = words.join("\n").toLowerCase();
  for (const secret of SECRETS) expect(told).not.toContain(secret.toLowerCase());
}

/** All that an error says, in every property of it and of its causes, shown or not. */
function wordsOf(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value !== "object" || value === null) return [String(value)];
  if (seen.has(value)) return [];
  seen.add(value);
  return Reflect.ownKeys(value).flatMap((key) => [String(key), ...wordsOf(Reflect.get(value, key), seen)]);
}

type Server = { url: string } & AsyncDisposable;

/** Passes requests on, each after so many ms. */
function slowed(url: string, milliseconds: number): Server {
  return serve(async (request) => {
    await setTimeout(milliseconds);
    return passOn(request, url);
  });
}

/** Passes requests on, those with this word in them only when they are released. */
function holding(url: string, word: string): Server & { readonly held: number; release(): void } {
  const gate = Promise.withResolvers<void>();
  let held = 0;
  const server = serve(async (request) => {
    const body = await request.clone().text();
    if (body.includes(word)) {
      held += 1;
      await gate.promise;
    }
    return passOn(request, url);
  });
  return {
    ...server,
    get held() {
      return held;
    },
    release: gate.resolve,
  };
}

/** Passes requests on, and closes the connection of one of them instead of giving its answer. */
function losingAnswer(url: string, position: number): Server {
  let requests = 0;
  return serve(async (request) => {
    const answer = await passOn(request, url);
    requests += 1;
    if (requests !== position) return answer;
    return new Response(new ReadableStream({ start: (controller) => controller.error() }));
  });
}

async function passOn(request: Request, url: string): Promise<Response> {
  const body = await request.text();
  return fetch(url + new URL(request.url).pathname, { method: "POST", headers: request.headers, body });
}

function answering(body: string, status = 200): Server {
  return serve(() => new Response(body, { status }));
}

function serve(answer: (request: Request) => Response | Promise<Response>): Server {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer, development: false });
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
