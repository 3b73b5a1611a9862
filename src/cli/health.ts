import { type Config, parseConfig } from "../config.ts";

/** A supervisor asks again soon; and of a server that takes longer than this, in ms, nobody would say that it is well. */
const LONGEST_ANSWER_MS = 3000;

/**
 * Asks the server that this configuration starts on this machine whether it is ready, that is, whether its stores answer.
 * @throws Error with a sentence for the operator when it is not.
 */
export async function health(environment: Record<string, string | undefined>): Promise<void> {
  const url = localUrl(parseConfig(environment));
  const response = await ask(`${url}/readyz`);
  if (!response.ok) throw new Error(`The server at ${url} is not ready: ${await reasonOf(response)}`);
  process.stdout.write(`The server at ${url} is ready.\n`);
}

/** One that listens on every address is asked on the loopback. */
function localUrl({ host, port }: Config): string {
  if (port === 0)
    throw new Error("With PORT=0 the server takes any free port: set PORT to the one that it took.");
  const address = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

async function ask(url: string): Promise<Response> {
  try {
    // By no proxy, whatever the environment says: it is on this machine.
    return await fetch(url, { signal: AbortSignal.timeout(LONGEST_ANSWER_MS), proxy: false });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`No server answers at ${url}: ${words}`);
  }
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return String(JSON.parse(text).error);
  } catch {
    return `it answered ${response.status}.`;
  }
}
