import { fileSize } from "../file-system.ts";
import type { Logger } from "../logger.ts";
import { OWN_PROGRAM } from "../own-program.ts";
import { withinTime } from "../time-limit.ts";
import { type DamageWatch, WHAT_TO_DO } from "./damage.ts";
import { checkIntegrity, checkOutside } from "./integrity.ts";
import type { IntegrityReply } from "./integrity-worker.ts";

/** Up to this size a check takes less time than starting a thread for it. */
const SMALL_BYTES = 4_000_000;

/** Beyond this size a check takes longer than whoever waits for the start should wait, on an SD card above all. */
const LARGE_BYTES = 16_000_000;

/** How long a start waits for the checks, in ms, where another program keeps them from a file. */
const LONGEST_WAIT_MS = 3000;

/** A large file is read when the start is over and those who have waited for it are served, after so many ms. */
const LATER_MS = 2000;

type Check = { path: string; problems: Promise<string[]>; stop(): void };

/**
 * Checks database files before they are used: all of a file, or of a large one what can be told by looking at a few
 * pages. The rest of that, and what takes longer, goes on behind, and damage that it comes upon is noted in `damage`; the
 * function that comes back ends what has not ended by then.
 * @throws Error with a sentence for the operator when a file is damaged or cannot be read.
 */
export async function checkAtStart(
  paths: readonly string[],
  damage: DamageWatch,
  log: Pick<Logger, "warn">,
): Promise<() => void> {
  const checks = paths.map(checkFirst);
  const tellLater = ({ path, problems }: Check) =>
    problems.then(
      ([problem]) => problem !== undefined && damage.note(path, problem),
      (error: unknown) => log.warn({ err: error, file: path }, "a file could not be checked"),
    );
  const timer = setTimeout(() => {
    for (const path of paths.filter(isLarge)) {
      const check = checkBeside(path);
      checks.push(check);
      tellLater(check);
    }
  }, LATER_MS).unref();
  const stop = () => {
    clearTimeout(timer);
    for (const check of checks) check.stop();
  };
  try {
    await withinTime(Promise.all(checks.map(refuseDamage)), LONGEST_WAIT_MS, () => {});
  } catch (error) {
    stop();
    throw error;
  }
  checks.forEach(tellLater);
  return stop;
}

function checkFirst(path: string): Check {
  if (isLarge(path)) return checkNow(path, checkOutside);
  const isSmall = fileSize(path) <= SMALL_BYTES;
  return isSmall ? checkNow(path, (small) => checkIntegrity(small, { quick: true })) : checkInThread(path);
}

function isLarge(path: string): boolean {
  return fileSize(path) > LARGE_BYTES;
}

async function refuseDamage({ path, problems }: Check): Promise<void> {
  const [problem] = await problems.catch((cause: Error) => {
    throw new Error(`${path} cannot be read: ${cause.message}. \`bpt doctor\` tells more.`, { cause });
  });
  if (problem !== undefined) {
    throw new Error(`${path} is damaged: ${problem}. \`bpt doctor\` tells more. ${WHAT_TO_DO}`);
  }
}

function checkNow(path: string, look: (path: string) => string[]): Check {
  const check = async () => look(path);
  return { path, problems: check(), stop() {} };
}

/** In a process of its own, which gives way to others and can be ended at any moment. */
function checkBeside(path: string): Check {
  const child = Bun.spawn([...OWN_PROGRAM, "check-file", path], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let stopped = false;
  async function read(): Promise<string[]> {
    const [output, errors, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    if (stopped) return [];
    if (code !== 0) throw new Error(errors.trim() || `The process that checks it ended with ${code}.`);
    return JSON.parse(output) as string[];
  }
  return {
    path,
    problems: read(),
    stop() {
      stopped = true;
      child.kill("SIGKILL");
    },
  };
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
  return {
    path,
    problems: promise,
    stop() {
      // Not ended: a thread that is ended in the middle of a statement takes the process with it.
      worker.onmessage = null;
      worker.unref();
    },
  };
}
