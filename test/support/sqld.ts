import { describe, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Subprocess } from "bun";
import { temporaryDirectory } from "./directory.ts";
import { freePort } from "./port.ts";

/** Where the platform's package of the development dependency `sqld` has the program; undefined where there is none. */
const PROGRAM = findProgram();

/** How often a server that is starting is asked whether it serves, and how often at most; ms. */
const ASK_EVERY_MS = 25;
const ATTEMPTS = 400;

/** A real libSQL server, as a process of its own on the loopback. */
export interface LibsqlServer extends AsyncDisposable {
  /** What DATABASE_URL takes. */
  readonly url: string;
  kill9(): Promise<void>;
  /** Starts it again on the same port and data, after `kill9`. */
  restart(): Promise<void>;
  /** From now on it accepts connections and requests, and answers none. */
  pause(): void;
  /** Works off what came while it was paused. */
  resume(): void;
}

/**
 * Like `describe`, for tests that need a libSQL server. Where there is none for the platform they are skipped and
 * say so; where CI=true they fail instead.
 */
export const describeWithSqld: (name: string, body: () => void) => void = (name, body) => {
  if (PROGRAM) {
    describe(name, body);
  } else if (process.env.CI === "true") {
    test(name, () => {
      throw new Error(
        "There is no sqld for this platform, and with CI=true the tests that need it must run.",
      );
    });
  } else {
    describe.skip(`${name} (skipped: there is no sqld for this platform)`, body);
  }
};

/** Starts a server on a database of its own. Leaving the scope of an `await using` kills it and removes its data. */
export async function startSqld(): Promise<LibsqlServer> {
  const directory = await temporaryDirectory();
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = () => startProcess(join(directory.path, "data"), port, url);
  let server = await start();

  async function kill9(): Promise<void> {
    server.kill("SIGKILL");
    await server.exited;
  }

  return {
    url,
    kill9,
    async restart() {
      server = await start();
    },
    pause: () => server.kill("SIGSTOP"),
    resume: () => server.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await kill9();
      await directory.remove();
    },
  };
}

async function startProcess(path: string, port: number, url: string): Promise<Subprocess> {
  if (!PROGRAM) throw new Error("There is no sqld for this platform.");
  const options = ["--db-path", path, "--http-listen-addr", `127.0.0.1:${port}`, "--no-welcome"];
  const server = Bun.spawn([PROGRAM, ...options], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await answers(url)) return server;
    if (server.exitCode !== null) throw new Error(`sqld ended with exit code ${server.exitCode}.`);
    await Bun.sleep(ASK_EVERY_MS);
  }
  server.kill("SIGKILL");
  throw new Error("sqld did not serve in time.");
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    return false;
  }
}

function findProgram(): string | undefined {
  try {
    const manifest = Bun.resolveSync(
      `@sqld/${process.platform}-${process.arch}/package.json`,
      import.meta.dir,
    );
    const path = join(dirname(manifest), "sqld");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
