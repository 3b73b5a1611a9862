import { statSync } from "node:fs";
import type { Logger } from "../logger.ts";
import { withinTime } from "../time-limit.ts";
import { type DamageWatch, WHAT_TO_DO } from "./damage.ts";
import { checkIntegrity } from "./integrity.ts";
import type { IntegrityReply } from "./integrity-worker.ts";

/** Up to this size a check takes less time than starting a thread for it. */
const SMALL_BYTES = 4_000_000;

/** How long a start waits for the checks, in ms. */
const LONGEST_WAIT_MS = 3000;

type Check = { path: string; problems: Promise<string[]>; stop(): void };

/**
 * Checks database files before they are used. What takes longer goes on behind, and damage that it comes upon is noted in
 * `damage`; the function that comes back ends what has not ended by then.
 * @throws Error with a sentence for the operator when a file is damaged or cannot be read.
 */
export async function checkAtStart(
  paths: readonly string[],
  damage: DamageWatch,
  log: Pick<Logger, "warn">,
): Promise<() => void> {
  const checks = paths.map((path) =>
    statSync(path).size > SMALL_BYTES ? checkInThread(path) : checkNow(path),
  );
  const stop = () => {
    for (const check of checks) check.stop();
  };
  try {
    await withinTime(Promise.all(checks.map(refuseDamage)), LONGEST_WAIT_MS, () => {});
  } catch (error) {
    stop();
    throw error;
  }
  for (const { path, problems } of checks) {
    problems.then(
      ([problem]) => problem !== undefined && damage.note(path, problem),
      (error: unknown) => log.warn({ err: error, file: path }, "a file could not be checked"),
    );
  }
  return stop;
}

async function refuseDamage({ path, problems }: Check): Promise<void> {
  const [problem] = await problems.catch((cause: Error) => {
    throw new Error(`${path} cannot be read: ${cause.message}. \`bpt doctor\` tells more.`, { cause });
  });
  if (problem !== undefined) {
    throw new Error(`${path} is damaged: ${problem}. \`bpt doctor\` tells more. ${WHAT_TO_DO}`);
  }
}

function checkNow(path: string): Check {
  const check = async () => checkIntegrity(path, { quick: true });
  return { path, problems: check(), stop() {} };
}

function checkInThread(path: string): Check {
  // The build script of the binary names this file as an entry point beside main.ts.
  const worker = new Worker(new URL("./integrity-worker.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  worker.onmessage = ({ data }: MessageEvent<IntegrityReply>) => {
    if ("error" in data) reject(new Error(data.error));
    else resolve(data.problems);
    worker.terminate();
  };
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(path);
  return { path, problems: promise, stop: () => worker.terminate() };
}
