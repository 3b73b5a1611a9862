import { setTimeout } from "node:timers/promises";
import type { Logger } from "../logger.ts";
import { isReachable } from "./remote.ts";
import type { SyncReply, SyncRequest } from "./replica-sync.ts";

/** How often the primary is asked, in ms, whether it is still there while a sync is under way. */
const ASK_EVERY_MS = 1000;

/** A copy that takes longer than this, in ms, to be brought in step is not in step. */
const SLOW_SYNC_MS = 10_000;

/** How long a sync is waited for, in ms; the first one brings everything. */
const LONGEST_SYNC_MS = 600_000;

export interface Synchronizer {
  /**
   * Brings the copy in step with everything that the primary has had before this call.
   * @throws Error when the primary is away, or the copy could not be brought in step.
   */
  sync(): Promise<void>;
  /** Whether the last sync got through, and the one under way does not take overly long. */
  readonly isInStep: boolean;
  /** When the primary was last found to answer; as `performance.now()` has it. */
  readonly answered: number;
  close(): void;
}

/** Syncs in a thread of its own, which alone blocks when the primary accepts and does not answer. */
export function createSynchronizer(request: SyncRequest, log: Pick<Logger, "info" | "warn">): Synchronizer {
  const closing = new AbortController();
  const { signal } = closing;
  const thread = createSyncThread(request);
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let isInStep: boolean | undefined;
  let answered = 0;

  async function syncOnce(): Promise<void> {
    try {
      // What the thread may still be at began before what this call is about.
      if (thread.working) await whilePrimaryIsThere(thread.working);
      await requirePrimary();
      const { error } = await whilePrimaryIsThere(thread.sync());
      if (error !== undefined) throw new Error(`The replica could not be synced: ${error}`);
      if (isInStep === false) log.info("the replica is in step with its primary again");
      isInStep = true;
    } catch (error) {
      noteOutOfStep(error);
      throw error;
    }
  }

  async function whilePrimaryIsThere(work: Promise<SyncReply>): Promise<SyncReply> {
    const began = performance.now();
    for (;;) {
      const reply = await Promise.race([work, setTimeout(ASK_EVERY_MS, undefined, { signal })]);
      if (reply) return reply;
      await requirePrimary();
      const slow = new Error("It takes long to sync the replica.");
      if (performance.now() - began > SLOW_SYNC_MS) noteOutOfStep(slow);
      if (performance.now() - began > LONGEST_SYNC_MS) throw slow;
    }
  }

  async function requirePrimary(): Promise<void> {
    signal.throwIfAborted();
    if (!(await isReachable(request.syncUrl, signal))) {
      throw new Error("The primary database cannot be reached.");
    }
    answered = performance.now();
  }

  function noteOutOfStep(err: unknown): void {
    if (isInStep !== false && !signal.aborted)
      log.warn({ err }, "the replica is not in step with its primary");
    isInStep = false;
  }

  return {
    sync() {
      // One that is under way may have begun before what this call is about.
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          running = syncOnce();
          return running;
        });
      return next;
    },
    get isInStep() {
      return isInStep === true;
    },
    get answered() {
      return answered;
    },
    close() {
      closing.abort();
      thread.close();
    },
  };
}

/** Never ended while it is at a sync, since that would end the process; a process that ends by itself need not wait. */
function createSyncThread(request: SyncRequest) {
  let worker: Worker | undefined;
  let working: Promise<SyncReply> | undefined;
  let closed = false;

  function end(): void {
    worker?.terminate();
    worker = undefined;
  }

  return {
    /** The sync that it is at, if it is at one. */
    get working() {
      return working;
    },
    sync(): Promise<SyncReply> {
      // The build script of the binary names this file as an entry point beside main.ts.
      worker ??= new Worker(new URL("./replica-sync.ts", import.meta.url).href);
      worker.unref();
      const { promise, resolve } = Promise.withResolvers<SyncReply>();
      worker.onmessage = ({ data }: MessageEvent<SyncReply>) => resolve(data);
      worker.onerror = ({ message }) => {
        worker = undefined;
        resolve({ error: message });
      };
      worker.postMessage(request);
      working = promise.finally(() => {
        working = undefined;
        if (closed) end();
      });
      return working;
    },
    close(): void {
      closed = true;
      if (!working) end();
    },
  };
}
