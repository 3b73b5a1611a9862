import { expect } from "bun:test";
import { createTestApp, type TestApp } from "../support/app.ts";
import { StartError, startServer } from "../support/server.ts";
import type { LibsqlServer } from "../support/sqld.ts";

type Environment = Record<string, string>;

/** The longest that a call may take while the database does not answer, in ms: the limit of five seconds, and a bit. */
export const LONGEST_ANSWER_MS = 7500;

/** The same as `createTestApp`, closed when the scope of an `await using` is left. */
export type Instance = TestApp & AsyncDisposable;

/** An instance of the service with a data directory of its own. */
export async function startInstance(environment: Environment): Promise<Instance> {
  const app = await createTestApp({ REGISTRATION: "open", ...environment });
  // Not a copy: what the app has to show changes when it is opened again.
  return Object.assign(app, { [Symbol.asyncDispose]: () => app.close() });
}

/** Several that start at once, on the same database. */
export async function startInstances(
  count: number,
  environment: Environment,
): Promise<{ all: TestApp[]; readonly pair: [TestApp, TestApp] } & AsyncDisposable> {
  const all = await Promise.all(Array.from({ length: count }, () => startInstance(environment)));
  return {
    all,
    get pair(): [TestApp, TestApp] {
      const [first, second] = all;
      if (!first || !second) throw new Error("There are not two of them.");
      return [first, second];
    },
    async [Symbol.asyncDispose]() {
      for (const app of all) await app.close();
    },
  };
}

/** Waits until something holds, however that is brought about. */
export async function until(condition: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${condition} does not hold after ${limit} ms.`);
    await Bun.sleep(20);
  }
}

/** Has a server hang: resolves when it does not answer any more, which takes a moment after it was told. */
export async function hang({ url, pause }: LibsqlServer): Promise<void> {
  pause();
  const answers = () =>
    fetch(`${url}/health`, { signal: AbortSignal.timeout(100) }).then(
      () => true,
      () => false,
    );
  while (await answers());
}

/** How long something takes, in ms, whether it succeeds or not. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work().catch(() => {});
  return performance.now() - began;
}

/** That a call is answered as one that needs a database which cannot be reached. */
export async function expectUnavailable(answer: Response | Promise<Response>): Promise<void> {
  const response = await answer;
  const { code } = (await response.json()) as { code: string };
  expect({ status: response.status, code, retryAfter: response.headers.get("Retry-After") }).toEqual({
    status: 503,
    code: "store_unavailable",
    retryAfter: "2",
  });
}

/** What a start says that is to fail, and soon. */
export async function refusalOf(options: NonNullable<Parameters<typeof startServer>[0]>): Promise<string> {
  const began = performance.now();
  try {
    await using server = await startServer(options);
    throw new Error(`The server was expected not to start, and serves on ${server.url}.`);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    expect(error.exitCode).toBe(1);
    expect(performance.now() - began).toBeLessThan(LONGEST_ANSWER_MS + 2500);
    return error.stderr;
  }
}

/** Reads a log as it is written. */
export function readLog(stream: ReadableStream<Uint8Array>): { readonly text: string } {
  let text = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  };
  read();
  return {
    get text() {
      return text;
    },
  };
}
