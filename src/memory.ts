/** Messages that make a batch a large one. */
const LARGE = 1000;

/**
 * To be called after storing so many messages at once. That leaves megabytes behind, which the collector lets pile
 * up to a share of the machine's memory: on a small one that is another program's. A full collection costs some
 * milliseconds, after the answer.
 */
export function collectAfter(messages: number): void {
  if (messages >= LARGE) setImmediate(() => Bun.gc(true));
}
