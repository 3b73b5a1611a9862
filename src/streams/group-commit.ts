import { setImmediate } from "node:timers/promises";

export interface GroupCommit<Operation> {
  enqueue(operation: Operation): void;
  /** Resolves when everything enqueued so far has been committed or has failed. */
  settled(): Promise<void>;
}

/**
 * Commits operations in order, together: what arrives while one commit is under way forms the next. A lone
 * operation waits for no company but that of the same turn of the event loop.
 * `take` removes the next group from the front of the queue; `commit` settles each operation and never rejects.
 */
export function createGroupCommit<Operation>(
  take: (queue: Operation[]) => Operation[],
  commit: (group: Operation[]) => Promise<void>,
): GroupCommit<Operation> {
  const queue: Operation[] = [];
  let draining: Promise<void> | undefined;

  async function drain(): Promise<void> {
    await setImmediate();
    while (queue.length > 0) await commit(take(queue));
    draining = undefined;
  }

  return {
    enqueue(operation) {
      queue.push(operation);
      draining ??= drain();
    },
    settled: async () => draining,
  };
}
