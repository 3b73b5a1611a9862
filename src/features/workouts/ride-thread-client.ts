import { Thread } from "../../thread.ts";
import type { RideService } from "./ride-thread.ts";
import { unpackError } from "./ride-thread-errors.ts";

export type RideThread = Thread<RideService>;
export type RideThreadUse = { thread: RideThread } & Disposable;

/** A thread that nobody has use for is ended after so long, in ms, with the memory that it takes. */
const IDLE_MS = 10_000;

let thread: RideThread | undefined;
let uses = 0;
let ending: NodeJS.Timeout | undefined;

/** The one thread for long rides of this process, which the first use starts; to be disposed of. */
export function useRideThread(): RideThreadUse {
  clearTimeout(ending);
  if (!thread || thread.failure) thread = startThread();
  uses += 1;
  thread.keepsProcess = true;
  return {
    thread,
    [Symbol.dispose]() {
      uses -= 1;
      if (uses > 0) return;
      if (thread) thread.keepsProcess = false;
      ending = setTimeout(endRideThread, IDLE_MS).unref();
    },
  };
}

/** Has the process end whatever the thread is at. */
export function letGoOfRideThread(): void {
  if (thread) thread.keepsProcess = false;
}

function startThread(): RideThread {
  // Room for what it takes: while it starts, what is left of others is collected.
  Bun.gc(false);
  // The build script of the binary names this file as an entry point beside main.ts.
  const file = new URL("./ride-thread.ts", import.meta.url);
  return new Thread<RideService>(file, { title: "The thread for long rides", unpackError });
}

/** Ends it whatever it is at: those who wait for it have an error. */
export function endRideThread(): void {
  thread?.terminate();
  thread = undefined;
}
