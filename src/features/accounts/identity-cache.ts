import { LRUCache } from "lru-cache";
import type { Clock } from "../../clock.ts";
import type { Identity } from "./identity.ts";

/** Who a credential stands for, and until when, in epoch milliseconds. */
export type Verified = { identity: Identity; expiresAt: number };

const MAX_ENTRIES = 10_000;
const MAX_AGE_MS = 60_000;

/**
 * Remembers for a minute at most, and never beyond their expiry, whom credentials stand for. The credential
 * itself is the key, so that a hit costs one look-up and no hash.
 */
export function createIdentityCache(
  { atLeast, uptime }: Pick<Clock, "atLeast" | "uptime">,
  verify: (credential: string) => Promise<Verified>,
) {
  const entries = new LRUCache<string, { identity: Identity; until: number }>({ max: MAX_ENTRIES });
  let revocations = 0;

  return {
    /** @throws what `verify` throws. */
    async resolve(credential: string): Promise<Identity> {
      const entry = entries.get(credential);
      if (entry && uptime() < entry.until) return entry.identity;
      const before = revocations;
      const { identity, expiresAt } = await verify(credential);
      // What was read before a revocation, and arrives after it, must not be remembered.
      if (before === revocations) {
        // A clock that is set back must not have it remembered for longer.
        const until = uptime() + Math.min(MAX_AGE_MS, expiresAt - atLeast());
        entries.set(credential, { identity, until });
      }
      return identity;
    },

    forget(isGone: (identity: Identity) => boolean): void {
      revocations += 1;
      for (const [credential, { identity }] of [...entries.entries()]) {
        if (isGone(identity)) entries.delete(credential);
      }
    },
  };
}
