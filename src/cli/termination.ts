const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Resolves at the first SIGTERM or SIGINT (Ctrl-C); the next one ends the process at once. */
export function terminationSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const end = (signal: NodeJS.Signals) => {
    for (const name of SIGNALS) process.off(name, end);
    resolve(signal);
  };
  for (const name of SIGNALS) process.on(name, end);
  return promise;
}
