import pLimit from "p-limit";
import { AppError } from "../../errors.ts";

/** argon2id at OWASP's second recommendation: 19 MiB (here in KiB), two passes. */
const ARGON2 = { algorithm: "argon2id", memoryCost: 19456, timeCost: 2 } as const;

/** Of no account's password, at the same cost: what is verified where there is no hash to verify. */
const NOBODYS_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$54UIx1NH/p/5nKeYIIMAh+BvIuqKSiG3mdyMO66Ib3c$hxMJ8NBxDahO3YWWDFF79n7FUvDAp7mA5m5Tw/2CcBs";

/** Each one takes memory and a processor for a while: a small machine also has samples to store. */
const AT_ONCE = 2;
const MOST_WAITING = 32;

export interface Passwords {
  /** @throws AppError too_many_requests. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of the hash. A null hash never matches and takes as long.
   * @throws AppError too_many_requests.
   */
  verify(password: string, hash: string | null): Promise<boolean>;
}

export function createPasswords(): Passwords {
  const limit = pLimit(AT_ONCE);

  function queued<T>(work: () => Promise<T>): Promise<T> {
    if (limit.pendingCount < MOST_WAITING) return limit(work);
    throw new AppError("too_many_requests", "Too many logins are going on. Please try again in a moment.");
  }

  return {
    hash: async (password) => queued(() => Bun.password.hash(canonical(password), ARGON2)),
    verify: async (password, hash) =>
      (await queued(() => Bun.password.verify(canonical(password), hash ?? NOBODYS_HASH))) && hash !== null,
  };
}

/** The same letters, however the keyboard of the device composes them. */
function canonical(password: string): string {
  return password.normalize("NFKC");
}
