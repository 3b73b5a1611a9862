const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** For so long, in ms, a second signal is the first: npx and `bun run` pass on a Ctrl-C that the terminal has sent too. */
const SAME_SIGNAL_MS = 1000;

/** Resolves at the first SIGTERM or SIGINT (Ctrl-C); another one, more than a second later, ends the process at once. */
export function terminationSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const end = (signal: NodeJS.Signals) => {
    resolve(signal);
    setTimeout(() => {
      for (const name of SIGNALS) process.off(name, end);
    }, SAME_SIGNAL_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, end);
  return promise;
}
