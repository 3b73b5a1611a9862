import { RedisClient } from "bun";

/** What Upstash does not have, or what would change or hold up the one connection that all callers share. */
const REFUSED = new Set(
  (
    "MULTI EXEC DISCARD WATCH UNWATCH SELECT AUTH HELLO CLIENT RESET QUIT MONITOR WAIT WAITAOF " +
    "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE " +
    "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP"
  ).split(" "),
);

/** How long a Redis that accepts and says nothing may keep a new connection waiting. */
const CONNECT_LIMIT_MS = 1000;

type Command = readonly [name: string, ...args: string[]];
type Outcome = { result: unknown } | { error: string };
type Connection = Pick<RedisClient, "send">;

/** Upstash's REST protocol in front of a Redis, with counters and faults for tests. */
export interface UpstashFront extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** How many commands went to Redis, those of pipelines and transactions one by one. */
  readonly commands: number;
  countOf(name: string): number;
  /** How many commands had this key; scripts have those that they are given. */
  commandsTouching(key: string): number;
  resetCounts(): void;
  /** Carries the next requests out, and closes their connections without an answer. */
  dropAnswers(requests: number): void;
  /**
   * Whether requests only wait. When that ends they are carried out in the order in which they came, those too
   * whose callers have left: like a Redis that was paused.
   */
  hang(on: boolean): void;
  /** Ends every connection. Requests that wait are forgotten. */
  stop(): Promise<void>;
  /** Serves again on the same port, after `stop`, without faults. */
  restart(): void;
}

/** Serves at once. Redis need not be there: until it is, requests are answered with status 500. */
export function startUpstashFront(options: { redisUrl: string; token: string; port?: number }): UpstashFront {
  const { redisUrl, token } = options;
  const redis = connectionTo(redisUrl);
  const counts = createCounts();
  let answersToDrop = 0;
  let gate: PromiseWithResolvers<void> | undefined;

  async function answer(request: Request): Promise<Response> {
    const body = await request.text();
    await gate?.promise;
    if (request.headers.get("Authorization") !== `Bearer ${token}`)
      return refusal(401, "WRONGPASS invalid or missing auth token");
    const dropped = answersToDrop > 0;
    if (dropped) answersToDrop -= 1;
    const response = await carryOut(new URL(request.url).pathname, body, request.headers);
    return dropped ? noAnswer() : response;
  }

  async function carryOut(path: string, body: string, headers: Headers): Promise<Response> {
    const encode = headers.get("Upstash-Encoding") === "base64" ? encoded : (value: unknown) => value;
    try {
      if (path === "/") return single(await runOne(body), encode);
      if (path === "/pipeline") return many(await runAll(body), encode);
      if (path === "/multi-exec") return many(await runAtomically(body), encode);
      return refusal(404, `ERR there is nothing at ${path}`);
    } catch (error) {
      if (error instanceof RequestError || isReply(error)) return refusal(400, messageOf(error));
      return refusal(500, `ERR Redis is out of reach: ${messageOf(error)}`);
    }
  }

  async function runOne(body: string): Promise<Outcome> {
    const command = parseCommand(parseJson(body));
    return outcomeOf(send(await redis.connect(), command));
  }

  async function runAll(body: string): Promise<Outcome[]> {
    const commands = parseCommands(body);
    const connection = await redis.connect();
    return Promise.all(commands.map((command) => outcomeOf(send(connection, command))));
  }

  async function runAtomically(body: string): Promise<Outcome[]> {
    const commands = parseCommands(body);
    const connection = await redis.connect();
    // All of it leaves in one go, so that nothing of other requests comes in between.
    const begun = connection.send("MULTI", []);
    const queued = commands.map((command) => send(connection, command));
    const done = connection.send("EXEC", []);
    // What was wrong with a command, EXEC says as well.
    await Promise.allSettled([begun, ...queued, done]);
    return ((await done) as unknown[]).map((result) =>
      result instanceof Error ? { error: result.message } : { result },
    );
  }

  function send(connection: Connection, [name, ...args]: Command): Promise<unknown> {
    counts.add(name, args);
    return connection.send(name, args);
  }

  const serve = (port: number) =>
    Bun.serve({ hostname: "127.0.0.1", port, idleTimeout: 0, fetch: answer, development: false });
  let server = serve(options.port ?? 0);
  const port = server.port ?? 0;

  async function stop(): Promise<void> {
    gate = undefined;
    answersToDrop = 0;
    redis.close();
    await server.stop(true);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    token,
    get commands() {
      return counts.total;
    },
    countOf: (name) => counts.names.get(name.toUpperCase()) ?? 0,
    commandsTouching: (key) => counts.keys.get(key) ?? 0,
    resetCounts: counts.reset,
    dropAnswers(requests) {
      answersToDrop = requests;
    },
    hang(on) {
      if (on) {
        gate ??= Promise.withResolvers();
      } else {
        gate?.resolve();
        gate = undefined;
      }
    },
    stop,
    restart() {
      server = serve(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The caller's mistake. */
class RequestError extends Error {
  override readonly name = "RequestError";
}

/** One connection, made when it is first wanted, and again when it is wanted after it was lost. */
function connectionTo(url: string) {
  let current: { client: RedisClient; ready: Promise<RedisClient> } | undefined;

  function open() {
    const client = new RedisClient(url, {
      // Reconnecting by itself, it would be back with the third version of the protocol.
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: CONNECT_LIMIT_MS,
    });
    const forget = () => {
      if (current?.client === client) current = undefined;
    };
    client.onclose = forget;
    const ready = prepare(client).catch((error) => {
      forget();
      client.close();
      throw error;
    });
    return { client, ready };
  }

  return {
    connect(): Promise<RedisClient> {
      current ??= open();
      return current.ready;
    },
    close(): void {
      current?.client.close();
      current = undefined;
    },
  };
}

async function prepare(client: RedisClient): Promise<RedisClient> {
  await client.connect();
  // The replies of the second version have the shapes that Upstash has: flat lists for maps, strings for doubles.
  await client.send("HELLO", ["2"]);
  return client;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestError("ERR failed to parse the request as JSON");
  }
}

function parseCommands(body: string): Command[] {
  const commands = parseJson(body);
  if (!Array.isArray(commands)) throw new RequestError("ERR expected an array of commands");
  return commands.map(parseCommand);
}

function parseCommand(value: unknown): Command {
  if (!Array.isArray(value) || value.length === 0) throw new RequestError("ERR empty command");
  const [name = "", ...args] = value.map(argument);
  const upperCase = name.toUpperCase();
  const blocks = /^XREAD(GROUP)?$/.test(upperCase) && args.some((argument) => /^BLOCK$/i.test(argument));
  if (REFUSED.has(upperCase) || blocks) throw new RequestError(`ERR Command is not available: '${name}'`);
  return [name, ...args];
}

function argument(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Rejects with what kept Redis from replying. */
function outcomeOf(reply: Promise<unknown>): Promise<Outcome> {
  return reply.then(
    (result) => ({ result }),
    (error) => {
      if (isReply(error)) return { error: messageOf(error) };
      throw error;
    },
  );
}

function isReply(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_REDIS_SERVER_ERROR";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function single(outcome: Outcome, encode: (value: unknown) => unknown): Response {
  if ("error" in outcome) return refusal(400, outcome.error);
  return Response.json({ result: encode(outcome.result) });
}

function many(outcomes: Outcome[], encode: (value: unknown) => unknown): Response {
  return Response.json(
    outcomes.map((outcome) => ("error" in outcome ? outcome : { result: encode(outcome.result) })),
  );
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

/** A body that fails before anything of it is sent makes Bun close the connection; without a reason, silently. */
function noAnswer(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.error() }));
}

/** A result that is nothing but OK stays as it is; clients decode all other strings, lists' included. */
function encoded(result: unknown): unknown {
  return result === "OK" ? result : inBase64(result);
}

function inBase64(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString("base64");
  return Array.isArray(value) ? value.map(inBase64) : value;
}

function createCounts() {
  const names = new Map<string, number>();
  const keys = new Map<string, number>();
  const count = (counts: Map<string, number>, of: string) => counts.set(of, (counts.get(of) ?? 0) + 1);
  const counts = {
    total: 0,
    names,
    keys,
    add(name: string, args: string[]) {
      const upperCase = name.toUpperCase();
      counts.total += 1;
      count(names, upperCase);
      for (const key of new Set(keysOf(upperCase, args))) count(keys, key);
    },
    reset() {
      counts.total = 0;
      names.clear();
      keys.clear();
    },
  };
  return counts;
}

/** The keys of a command, of which most have one, in front. */
function keysOf(name: string, args: string[]): string[] {
  switch (name) {
    case "EVAL":
    case "EVALSHA":
      return args.slice(2, 2 + Number(args[1]));
    case "DEL":
    case "UNLINK":
    case "EXISTS":
    case "TOUCH":
    case "MGET":
      return args;
    case "RENAME":
    case "RENAMENX":
    case "COPY":
      return args.slice(0, 2);
    case "XINFO":
    case "XGROUP":
    case "OBJECT":
      return args.slice(1, 2);
    case "XREAD":
    case "XREADGROUP": {
      const streams = args.slice(args.findIndex((argument) => /^STREAMS$/i.test(argument)) + 1);
      return streams.slice(0, streams.length / 2);
    }
    case "SCRIPT":
    case "SCAN":
    case "PING":
    case "INFO":
      return [];
    default:
      return args.slice(0, 1);
  }
}

if (import.meta.main) {
  const { REDIS_URL = "redis://127.0.0.1:6379", TOKEN = "test", PORT = "0" } = process.env;
  const { url } = startUpstashFront({ redisUrl: REDIS_URL, token: TOKEN, port: Number(PORT) });
  process.stdout.write(`${JSON.stringify({ url })}\n`);
}
