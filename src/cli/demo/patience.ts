import { setTimeout as sleep } from "node:timers/promises";
import { ServerError } from "./server-error.ts";

const GIVE_UP_AFTER_MS = 30_000;

/**
 * Makes a call again and again while the server is away or busy, for 30 s at most: no sample is to be lost.
 * `onFailure` hears why; once the signal is aborted, a failure is final.
 * @throws what the call threw last.
 */
export async function keepTrying<T>(
  call: () => Promise<T>,
  { signal, onFailure }: { signal: AbortSignal; onFailure: (error: ServerError) => void },
): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ServerError) || error.retryAfter === undefined || signal.aborted) throw error;
      if (performance.now() + error.retryAfter > giveUpAt) throw error;
      onFailure(error);
      await pause(error.retryAfter, signal);
    }
  }
}

/** Waits so many ms, or until the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
