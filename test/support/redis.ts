import { describe, test } from "bun:test";
import { RedisClient, type Subprocess } from "bun";
import { temporaryDirectory } from "./directory.ts";
import { freePort } from "./port.ts";

const PROGRAM = "redis-server";
const READY = "Ready to accept connections";

/** How many ports to try: between finding a free one and Redis taking it, somebody else may. */
const ATTEMPTS = 5;

/**
 * When Redis flushes its file. `everysec`, the usual one, acknowledges writes that it holds in its own memory while
 * a flush is under way; with `always` and `no` they are with the kernel by then, and survive a `kill -9`.
 */
type Fsync = "everysec" | "always" | "no";

type RedisProcess = Subprocess<"ignore", "pipe", "pipe">;

/** Redis went away before it served. */
class RedisStartError extends Error {
  override readonly name = "RedisStartError";
  constructor(
    readonly exitCode: number,
    output: string,
  ) {
    super(`${PROGRAM} ended with exit code ${exitCode} before it served. It said: ${output}`);
  }
}

/** A real Redis, as a process of its own on the loopback, that keeps its data in an append-only file. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** That of the latest start. */
  readonly pid: number;
  readonly directory: string;
  /** Ends it at once. With `everysec`, what it acknowledged while an fsync was under way may be lost: see `Fsync`. */
  kill9(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Starts it again on the same port and data, after `kill9` or `stop`. */
  restart(): Promise<void>;
  /** From now on it accepts connections and commands, and answers none. */
  pause(): void;
  /** Works off what came while it was paused, in order. */
  resume(): void;
}

export const redisAvailable = Bun.which(PROGRAM) !== null;

/**
 * Like `describe`, for tests that need Redis. Without one they are skipped and say so; where CI=true they fail
 * instead, so that nobody takes a run without them for a complete one.
 */
export const describeWithRedis: (name: string, body: () => void) => void = (name, body) => {
  if (redisAvailable) {
    describe(name, body);
  } else if (process.env.CI === "true") {
    test(name, () => {
      throw new Error(`${PROGRAM} is not on the PATH, and with CI=true the tests that need it must run.`);
    });
  } else {
    describe.skip(`${name} (skipped: ${PROGRAM} is not on the PATH)`, body);
  }
};

/**
 * Starts Redis and waits until it answers. Leaving the scope of an `await using` kills it, and removes
 * `directory` unless that was given.
 * @throws RedisStartError when it ends instead.
 */
export async function startRedis(options: { directory?: string; fsync?: Fsync } = {}): Promise<RedisServer> {
  const { fsync = "everysec" } = options;
  const own = options.directory === undefined ? await temporaryDirectory() : undefined;
  const directory = options.directory ?? own?.path ?? "";
  const started = await startOnFreePort(directory, fsync).catch(async (error) => {
    await own?.remove();
    throw error;
  });
  const { port } = started;
  let redis = started.redis;

  async function end(signal: NodeJS.Signals): Promise<void> {
    redis.kill(signal);
    await redis.exited;
  }

  return {
    url: urlOf(port),
    port,
    directory,
    get pid() {
      return redis.pid;
    },
    kill9: () => end("SIGKILL"),
    async stop() {
      // A stopped process gets no other signal than these two.
      redis.kill("SIGCONT");
      await end("SIGTERM");
    },
    async restart() {
      redis = await startProcess(port, directory, fsync);
    },
    pause: () => redis.kill("SIGSTOP"),
    resume: () => redis.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      await own?.remove();
    },
  };
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

async function startOnFreePort(
  directory: string,
  fsync: Fsync,
): Promise<{ port: number; redis: RedisProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = freePort();
    try {
      return { port, redis: await startProcess(port, directory, fsync) };
    } catch (error) {
      if (!(error instanceof RedisStartError) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startProcess(port: number, directory: string, fsync: Fsync): Promise<RedisProcess> {
  const redis = Bun.spawn([PROGRAM, ...settings(port, directory, fsync)], {
    env: { PATH: process.env.PATH },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = redis.stderr.text();
  const log = await readUntilReady(redis.stdout);
  if (!log.includes(READY)) throw new RedisStartError(await redis.exited, log + (await errors));
  await ping(port);
  return redis;
}

function settings(port: number, directory: string, fsync: Fsync): string[] {
  return Object.entries({
    bind: "127.0.0.1",
    port: String(port),
    dir: directory,
    appendonly: "yes",
    appendfsync: fsync,
    save: "",
  }).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Resolves to the log up to where Redis is ready, or to all of it when it ends before; reads on, so that the log never blocks. */
function readUntilReady(log: ReadableStream<Uint8Array>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const read = async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of log) {
      if (text.includes(READY)) continue;
      text += decoder.decode(chunk, { stream: true });
      if (text.includes(READY)) resolve(text);
    }
    resolve(text);
  };
  read();
  return promise;
}

async function ping(port: number): Promise<void> {
  const client = new RedisClient(urlOf(port), { autoReconnect: false });
  await client.connect();
  await client.ping();
  client.close();
}
