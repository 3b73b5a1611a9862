import { setImmediate } from "node:timers/promises";

export interface GroupCommit<Operation> {
  enqueue(operation: Operation): void;
  /** Takes an operation out that is still waiting; whether it was. */
  remove(operation: Operation): boolean;
  /** Resolves when everything enqueued so far has been committed or has failed. */
  settled(): Promise<void>;
}

/** How long a commit may wait for as many operations as there were in the last one, in milliseconds. */
const LONGEST_WAIT_MS = 0.3;

/**
 * Commits operations in order, together: what arrives while one commit is under way forms the next. A lone
 * operation waits for no company but that of the same turn of the event loop; where there was company a moment
 * ago, some turns more make fewer and larger commits (the idea of PostgreSQL's commit_siblings).
 * `take` removes the next group from the front of the queue; `commit` settles each operation and never rejects.
 */
export function createGroupCommit<Operation>(
  take: (queue: Operation[]) => Operation[],
  commit: (group: Operation[]) => Promise<void>,
): GroupCommit<Operation> {
  const queue: Operation[] = [];
  let draining: Promise<void> | undefined;
  let lastSize = 1;

  async function drain(): Promise<void> {
    await setImmediate();
    while (queue.length > 0) {
      const until = performance.now() + LONGEST_WAIT_MS;
      while (queue.length < lastSize && performance.now() < until) await setImmediate();
      if (queue.length === 0) break;
      const group = take(queue);
      lastSize = group.length;
      await commit(group);
    }
    draining = undefined;
  }

  return {
    enqueue(operation) {
      queue.push(operation);
      draining ??= drain();
    },
    remove(operation) {
      const index = queue.indexOf(operation);
      if (index !== -1) queue.splice(index, 1);
      return index !== -1;
    },
    settled: async () => draining,
  };
}
