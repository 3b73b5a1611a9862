import { parseConfig } from "../config.ts";
import { createLogger, type Logger } from "../logger.ts";
import { createRuntime, graceEnd } from "../runtime.ts";
import { terminationSignal } from "./termination.ts";

/**
 * Serves until SIGTERM or SIGINT: then listeners are ended, requests finish, and the data is closed.
 * @throws ConfigError, or Error when the data cannot be opened, the port cannot be had, or the program met an error
 * that it does not know.
 */
export async function serve(environment: Record<string, string | undefined>): Promise<void> {
  const config = parseConfig(environment);
  const log = createLogger(config.logLevel, { isTerminal: process.stdout.isTTY });
  const crash = firstUncaught(log);
  // The routes load while the buffer's thread starts.
  const [runtime, { startServer }] = await Promise.all([createRuntime(config, log), import("../server.ts")]);
  let deadline: number | undefined;
  try {
    // Whoever reads that it serves may end it at once.
    const terminated = terminationSignal();
    const server = startServer(runtime);
    log.info({ url: server.url, data: config.dataDirectory }, `serving on ${server.url}`);
    const signal = await Promise.race([terminated, crash]);
    log.info({ signal, graceSeconds: config.shutdownGraceSeconds }, "stopping");
    deadline = graceEnd(config);
    await server.stop(deadline);
  } finally {
    await runtime.close(deadline);
  }
  log.info("stopped");
}

/** Rejects at the first error that nobody caught. It is in the log, and not printed with all that is in it. */
function firstUncaught(log: Logger): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (error: unknown) => {
    log.fatal({ err: error }, "an error that the service does not know");
    reject(new Error("The service met an error that it does not know, and stops. The log says which."));
  };
  // It may come before anybody waits for it.
  promise.catch(() => {});
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
  return promise;
}
