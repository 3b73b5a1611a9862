import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../config.ts";
import { createLogger } from "../../logger.ts";
import { createRuntime } from "../../runtime.ts";
import { startServer } from "../../server.ts";

export type OwnServer = AsyncDisposable & { url: string };

/** The whole service on a free port and a data directory of its own, which goes when it is disposed of. */
export async function startOwnServer(): Promise<OwnServer> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "bpt-demo-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // Not the environment of whoever tries it out; and nothing here has to survive a power cut.
  const config = parseConfig({
    DATA_DIR: directory,
    HOST: "127.0.0.1",
    PORT: "0",
    AUTH_MODE: "single-user",
    LOG_LEVEL: "silent",
    DURABILITY: "relaxed",
  });
  const runtime = await createRuntime(config, createLogger(config.logLevel));
  stack.defer(() => runtime.close());
  const server = startServer(runtime);
  stack.defer(() => server.stop());
  const started = stack.move();
  return { url: server.url, [Symbol.asyncDispose]: () => started.disposeAsync() };
}
