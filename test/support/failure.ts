/**
 * What a promise rejects with, or undefined where it does not. For one that a thread settles: the runner's own `rejects`
 * waits without letting messages of threads in.
 */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
