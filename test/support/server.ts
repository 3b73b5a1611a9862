import { join } from "node:path";
import type { Subprocess } from "bun";
import { temporaryDirectory } from "./directory.ts";

const ROOT = join(import.meta.dir, "../..");

type Environment = Record<string, string>;

/** What is run, and where: the sources in their checkout unless something else is named. */
export type Program = { command: readonly string[]; cwd: string };

const SOURCES: Program = { command: [process.execPath, "--no-env-file", "src/main.ts"], cwd: ROOT };

type ServerProcess = Subprocess<"ignore", "pipe", "pipe">;

/** The service went away before it served. */
export class StartError extends Error {
  override readonly name = "StartError";
  constructor(
    readonly exitCode: number,
    readonly stderr: string,
  ) {
    super(`The service ended with exit code ${exitCode} before it served. It said: ${stderr}`);
  }
}

/** The real service, as a process of its own on a free port of the loopback. */
export interface TestServer extends AsyncDisposable {
  /** That of the latest start, like `pid`: a restart changes both. */
  readonly url: string;
  readonly pid: number;
  /** Its data. */
  readonly directory: string;
  /** What the latest start has written so far: the log, and after it standard error. */
  readonly output: string;
  /** Sends a signal; resolves to the exit code. */
  signal(name: "SIGTERM" | "SIGINT"): Promise<number>;
  kill9(): Promise<void>;
  /** Starts again on the same data, after `signal` or `kill9`. */
  restart(): Promise<void>;
}

/**
 * Starts the service and waits until it serves. Leaving the scope of an `await using` kills it, and removes
 * `directory` unless that was given.
 * @throws StartError when it ends instead.
 */
export async function startServer(
  options: { environment?: Environment; directory?: string; program?: Program } = {},
): Promise<TestServer> {
  const own = options.directory === undefined ? await temporaryDirectory() : undefined;
  const directory = options.directory ?? own?.path ?? "";
  const environment = { DATA_DIR: directory, PORT: "0", ...options.environment };
  const start = () => startProcess(environment, options.program);
  let running = await start().catch(async (error) => {
    await own?.remove();
    throw error;
  });

  async function end(signal: NodeJS.Signals): Promise<number> {
    running.process.kill(signal);
    return running.process.exited;
  }

  return {
    directory,
    get url() {
      return running.url;
    },
    get pid() {
      return running.process.pid;
    },
    get output() {
      return running.output.join("");
    },
    signal: end,
    async kill9() {
      await end("SIGKILL");
    },
    async restart() {
      running = await start();
    },
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      await own?.remove();
    },
  };
}

/**
 * Spawns the service with nothing of this process's environment but the path. Of a test that runs out of time,
 * the runner itself kills the processes.
 */
export function spawnService(environment: Environment, { command, cwd } = SOURCES): ServerProcess {
  return Bun.spawn([...command, "serve"], {
    cwd,
    env: { PATH: process.env.PATH, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

type Running = { process: ServerProcess; url: string; output: string[] };

async function startProcess(environment: Environment, program?: Program): Promise<Running> {
  const service = spawnService(environment, program);
  const output: string[] = [];
  const stderr = service.stderr.text().then((text) => {
    output.push(text);
    return text;
  });
  const url = await servingUrl(service.stdout, output);
  if (url === undefined) throw new StartError(await service.exited, await stderr);
  return { process: service, url, output };
}

/** Resolves to the address in the first log line that has one, or to undefined when the log ends; reads on, so that the log never blocks. */
function servingUrl(log: ReadableStream<Uint8Array>, output: string[]): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const read = async () => {
    const decoder = new TextDecoder();
    let found = false;
    for await (const chunk of log) {
      output.push(decoder.decode(chunk, { stream: true }));
      if (found) continue;
      const url = /"url":"(http[^"]+)".*\n/.exec(output.join(""))?.[1];
      found = url !== undefined;
      if (found) resolve(url);
    }
    resolve(undefined);
  };
  read();
  return promise;
}
