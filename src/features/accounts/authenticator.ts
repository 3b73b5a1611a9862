import type { Clock } from "../../clock.ts";
import type { Config } from "../../config.ts";
import type { Database } from "../../db/database.ts";
import { AppError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { Identity } from "./identity.ts";
import { createIdentityCache, type Verified } from "./identity-cache.ts";
import { createKeyUsage } from "./key-usage.ts";
import {
  BUILT_IN_USER_ID,
  findKeyByHash,
  findUser,
  insertBuiltInUser,
  isKeyGood,
  isSessionAlive,
} from "./repository.ts";
import { createAccessTokens, type Session, sha256 } from "./tokens.ts";

export type Credentials = { bearer?: string | undefined; apiKey?: string | undefined };

export interface Authenticator {
  /**
   * Who is asking. A bearer token is judged alone, whatever key comes with it.
   * @throws AppError unauthenticated.
   */
  authenticate(credentials: Credentials): Promise<Identity>;
  /** Whether whoever asked before may still: the session goes on, or the key is there and has not expired. */
  isStillGood(identity: Identity): Promise<boolean>;
  issueAccessToken(session: Session): Promise<string>;
  /** To be called after credentials were revoked in the database, so that it takes effect at once. */
  forget(isGone: (identity: Identity) => boolean): void;
  /** How often that has been: where it is the same as before, nobody who was let in since has been revoked here. */
  readonly revocations: number;
  /** Writes down when keys were last used, so far as that is still pending. */
  flushKeyUsage(): Promise<void>;
  close(): Promise<void>;
}

type Options = {
  config: Pick<Config, "authMode">;
  database: Database;
  /** What access tokens are signed with. */
  secret: string;
  clock: Clock;
  log: Logger;
};

export function createAuthenticator({ config, database, secret, clock, log }: Options): Authenticator {
  const accessTokens = createAccessTokens(secret, clock.now);
  const keyUsage = createKeyUsage(database, log);
  const tokens = createIdentityCache(clock, verifyToken);
  const keys = createIdentityCache(clock, verifyKey);
  let revocations = 0;

  async function verifyToken(token: string): Promise<Verified> {
    const claims = await accessTokens.verify(token);
    if (!claims || !(await isSessionAlive(database, claims, new Date(clock.atLeast())))) {
      throw unauthenticated("The access token is not valid or no longer so. Refresh it, or log in again.");
    }
    const { userId, sessionId, expiresAt } = claims;
    return { identity: { via: "token", userId, sessionId }, expiresAt };
  }

  /** Runs once a minute for a key in use, since it is not cached for longer: often enough to note the use. */
  async function verifyKey(key: string): Promise<Verified> {
    const row = await findKeyByHash(database, sha256(key));
    const expiresAt = row?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (!row || expiresAt <= clock.atLeast())
      throw unauthenticated("The API key is not valid or no longer so.");
    keyUsage.note(row.id, row.lastUsedAt, clock.now());
    return { identity: { via: "key", userId: row.userId, keyId: row.id }, expiresAt };
  }

  async function authenticate({ bearer, apiKey }: Credentials): Promise<Identity> {
    if (bearer !== undefined) return tokens.resolve(bearer);
    if (apiKey !== undefined) return keys.resolve(apiKey);
    throw unauthenticated("Send an access token (Authorization: Bearer …) or an API key (X-API-Key: …).");
  }

  async function isStillGood(identity: Identity): Promise<boolean> {
    const at = new Date(clock.atLeast());
    if (identity.via === "token") return isSessionAlive(database, identity, at);
    if (identity.via === "key") return isKeyGood(database, identity.keyId, at);
    return true;
  }

  return {
    isStillGood,
    authenticate: config.authMode === "single-user" ? createSingleUser(database, clock.now) : authenticate,
    issueAccessToken: accessTokens.issue,
    get revocations() {
      return revocations;
    },
    forget(isGone) {
      revocations += 1;
      tokens.forget(isGone);
      keys.forget(isGone);
    },
    flushKeyUsage: keyUsage.flush,
    close: keyUsage.close,
  };
}

/** Everybody is the built-in user, who is made when first needed. */
function createSingleUser(database: Database, now: () => number): () => Promise<Identity> {
  const identity: Identity = { via: "single-user", userId: BUILT_IN_USER_ID };
  let isThere = false;
  return async () => {
    // Looked for first: a replica whose primary is away can be read, and not be written to.
    isThere ||= (await findUser(database, BUILT_IN_USER_ID)) !== undefined;
    if (!isThere) await insertBuiltInUser(database, new Date(now()));
    isThere = true;
    return identity;
  };
}

function unauthenticated(message: string): AppError {
  return new AppError("unauthenticated", message);
}
