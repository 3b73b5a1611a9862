import type { Executor } from "../../db/database.ts";
import { AppError } from "../../errors.ts";
import type { Deps } from "../../runtime.ts";
import type { Identity } from "./identity.ts";
import type { Passwords } from "./passwords.ts";
import {
  BUILT_IN_USER_ID,
  deleteExpiredRefreshTokens,
  findRefreshToken,
  findUser,
  findUserByEmail,
  hasHadAccounts,
  insertRefreshToken,
  insertUser,
  revokeRefreshToken,
  revokeSession,
  revokeSessions,
  type UserRow,
  updateUser,
} from "./repository.ts";
import { ACCESS_TOKEN_SECONDS, randomToken, type Session, sha256 } from "./tokens.ts";

type SessionDeps = Pick<Deps, "config" | "database" | "authenticator" | "clock" | "hub" | "now"> & {
  passwords: Passwords;
};

/** A session together with the one token that can carry it on. */
type OpenSession = Session & { refreshToken: string };

export type TokenPair = { accessToken: string; refreshToken: string; expiresIn: number };

const REFRESH_TOKEN_MS = 30 * 86_400_000;

/** @throws AppError registration_closed unless it would be the first account ever, email_taken, too_many_requests. */
export async function register(
  deps: SessionDeps,
  { email, password, displayName }: { email: string; password: string; displayName?: string | undefined },
): Promise<{ user: UserRow } & TokenPair> {
  const { database, passwords, now } = deps;
  await requireOpenRegistration(deps, database);
  const passwordHash = await passwords.hash(password);
  const at = new Date(now());
  const { user, session } = await database.transaction(async (tx) => {
    // Again, and now for certain: of two first accounts made at once, only one is the first.
    await requireOpenRegistration(deps, tx);
    const id = Bun.randomUUIDv7();
    const user = await insertUser(tx, { id, email, passwordHash, displayName, createdAt: at, updatedAt: at });
    return { user, session: await issueRefreshToken(deps, tx, id) };
  });
  return { user, ...(await tokenPair(deps, session)) };
}

async function requireOpenRegistration({ config }: SessionDeps, executor: Executor): Promise<void> {
  if (config.authMode === "single-user") {
    throw new AppError("registration_closed", "This server has a single user and takes no registrations.");
  }
  if (config.registration === "open" || !(await hasHadAccounts(executor))) return;
  throw new AppError(
    "registration_closed",
    "Registration is closed on this server. Whoever runs it can make accounts, with `bpt user create`.",
  );
}

/** @throws AppError invalid_credentials, the same for a wrong e-mail as for a wrong password; too_many_requests. */
export async function login(
  deps: SessionDeps,
  { email, password }: { email: string; password: string },
): Promise<{ user: UserRow } & TokenPair> {
  const { database, passwords, now } = deps;
  const { id = "", passwordHash = null } = (await findUserByEmail(database, email)) ?? {};
  if (!(await passwords.verify(password, passwordHash)) || passwordHash === null) throw wrongLogin();
  const at = new Date(now());
  const { user, session } = await database.transaction(async (tx) => {
    // The password may have been changed, or the account deleted, while this one was being verified.
    const user = await updateUser(tx, { id, passwordHash }, { lastLoginAt: at });
    if (!user) throw wrongLogin();
    return { user, session: await issueRefreshToken(deps, tx, id) };
  });
  return { user, ...(await tokenPair(deps, session)) };
}

function wrongLogin(): AppError {
  return new AppError("invalid_credentials", "The e-mail or the password is wrong.");
}

/**
 * Exchanges a refresh token for the next one. One that was exchanged or revoked before is in the wrong hands,
 * or its successor is: then the whole session ends.
 * @throws AppError invalid_refresh_token.
 */
export async function refresh(deps: SessionDeps, refreshToken: string): Promise<TokenPair> {
  const { database, clock, now } = deps;
  const at = new Date(now());
  // Throws nothing of its own, since that would roll the revocation back.
  const outcome = await database.transaction(async (tx) => {
    const token = await findRefreshToken(tx, sha256(refreshToken));
    if (!token) return {};
    if (token.revokedAt) {
      await revokeSession(tx, token.familyId, at);
      return { ended: token };
    }
    if (token.expiresAt.getTime() <= clock.atLeast()) return {};
    await revokeRefreshToken(tx, token.id, at);
    return { session: await issueRefreshToken(deps, tx, token.userId, token.familyId) };
  });
  if (outcome.session) return tokenPair(deps, outcome.session);
  if (outcome.ended) forgetSession(deps, outcome.ended);
  throw new AppError(
    "invalid_refresh_token",
    "The refresh token is not valid or no longer so. Log in again.",
  );
}

/** Ends the session of a refresh token, if it is one of the user's; else there is nothing to end. */
export async function logout(deps: SessionDeps, userId: string, refreshToken: string): Promise<void> {
  const { database, now } = deps;
  // In a transaction, since a replica may not have the session yet, and would say that there is nothing to end.
  const ended = await database.transaction(async (tx) => {
    const token = await findRefreshToken(tx, sha256(refreshToken));
    if (token?.userId !== userId) return undefined;
    await revokeSession(tx, token.familyId, new Date(now()));
    return token;
  });
  if (ended) forgetSession(deps, ended);
}

/**
 * Changes the password and ends every session but the one that asks; API keys stay.
 * @throws AppError invalid_credentials when the current password is wrong, built_in_user, too_many_requests.
 */
export async function changePassword(
  { database, authenticator, hub, passwords, now }: SessionDeps,
  asking: Identity,
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
): Promise<void> {
  const { userId: id } = asking;
  if (id === BUILT_IN_USER_ID) throw new AppError("built_in_user", "The built-in user has no password.");
  const { passwordHash = null } = (await findUser(database, id)) ?? {};
  if (!(await passwords.verify(currentPassword, passwordHash)) || passwordHash === null)
    throw wrongPassword();
  const changes = { passwordHash: await passwords.hash(newPassword), updatedAt: new Date(now()) };
  const sessionId = asking.via === "token" ? asking.sessionId : undefined;
  await database.transaction(async (tx) => {
    if (!(await updateUser(tx, { id, passwordHash }, changes))) throw wrongPassword();
    await revokeSessions(tx, id, changes.updatedAt, sessionId);
  });
  authenticator.forget(
    (other) => other.via === "token" && other.userId === id && other.sessionId !== sessionId,
  );
  hub.disconnect(id);
}

function wrongPassword(): AppError {
  return new AppError("invalid_credentials", "The current password is wrong.");
}

function forgetSession(
  { authenticator, hub }: Pick<SessionDeps, "authenticator" | "hub">,
  { userId, familyId }: { userId: string; familyId: string },
): void {
  authenticator.forget((identity) => identity.via === "token" && identity.sessionId === familyId);
  hub.disconnect(userId);
}

/** Starts a session, or carries one on; the user's tokens that have expired make room. */
async function issueRefreshToken(
  { clock, now }: SessionDeps,
  tx: Executor,
  userId: string,
  sessionId: string = Bun.randomUUIDv7(),
): Promise<OpenSession> {
  const refreshToken = randomToken();
  const at = new Date(now());
  await deleteExpiredRefreshTokens(tx, userId, new Date(clock.atLeast()));
  await insertRefreshToken(tx, {
    id: Bun.randomUUIDv7(),
    userId,
    familyId: sessionId,
    tokenHash: sha256(refreshToken),
    createdAt: at,
    expiresAt: new Date(at.getTime() + REFRESH_TOKEN_MS),
    revokedAt: null,
  });
  return { userId, sessionId, refreshToken };
}

async function tokenPair(
  { authenticator }: SessionDeps,
  { refreshToken, ...session }: OpenSession,
): Promise<TokenPair> {
  const accessToken = await authenticator.issueAccessToken(session);
  return { accessToken, refreshToken, expiresIn: ACCESS_TOKEN_SECONDS };
}
