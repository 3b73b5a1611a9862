import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import type { StreamKey } from "./buffer.ts";

/** Of more things than these, it is forgotten which were quiet for longest. */
const MOST_REMEMBERED = 10_000;

/** For how long nothing has happened to streams and workouts. */
export interface Idleness {
  /** Notes that something happens just now; `version` is what the thing has from then on, as `since` is told it. */
  note(name: string, version: string): void;
  /**
   * Ms since something happened to a thing last, never more than is sure. Of what happened while this process looked on,
   * or notices that it must have happened, since `version` is another, it knows by itself, whatever is done to the clock;
   * of what it found at its start, by `time`, when the last thing happened by the clock of that moment; epoch ms.
   */
  since(name: string, version: string, time: number): number;
}

/** What a stream is called here; a workout goes by its id. */
export function streamLabel({ owner, name }: StreamKey): string {
  return `${owner} ${name}`;
}

type Seen = { version: string; uptime: number | undefined };

export function createIdleness({ uptime, atLeast }: Pick<Clock, "uptime" | "atLeast">): Idleness {
  const seen = new LRUCache<string, Seen>({ max: MOST_REMEMBERED });

  function note(name: string, version: string): void {
    seen.set(name, { version, uptime: uptime() });
  }

  return {
    note,
    since(name, version, time) {
      const before = seen.get(name);
      // Dated in the future by a clock that was ahead: it happened at any time before this look.
      if (before ? before.version !== version : time > atLeast()) note(name, version);
      else if (!before) seen.set(name, { version, uptime: undefined });
      const from = seen.get(name)?.uptime;
      return from === undefined ? atLeast() - time : uptime() - from;
    },
  };
}
