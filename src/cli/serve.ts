import { parseConfig } from "../config.ts";
import { createLogger } from "../logger.ts";
import { createRuntime } from "../runtime.ts";
import { terminationSignal } from "./termination.ts";

/**
 * Serves until SIGTERM or SIGINT: then listeners are ended, requests finish, and the data is closed.
 * @throws ConfigError, or Error when the data cannot be opened or the port cannot be had.
 */
export async function serve(environment: Record<string, string | undefined>): Promise<void> {
  const config = parseConfig(environment);
  const log = createLogger(config.logLevel);
  // The routes load while the buffer's thread starts.
  const [runtime, { startServer }] = await Promise.all([createRuntime(config, log), import("../server.ts")]);
  try {
    const server = startServer(runtime);
    log.info({ url: server.url, data: config.dataDirectory }, `serving on ${server.url}`);
    const signal = await terminationSignal();
    log.info({ signal }, "stopping");
    await server.stop();
  } finally {
    await runtime.close();
  }
}
