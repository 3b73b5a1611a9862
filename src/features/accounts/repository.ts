import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNull,
  like,
  lte,
  max,
  ne,
  notInArray,
  or,
  sql,
} from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { isUniqueViolation } from "../../db/errors.ts";
import { apiKeys, refreshTokens, secrets, users, workouts } from "../../db/schema.ts";
import { AppError } from "../../errors.ts";
import type { Session } from "./tokens.ts";

export type UserRow = typeof users.$inferSelect;
export type NewUser = typeof users.$inferInsert;
export type RefreshTokenRow = typeof refreshTokens.$inferSelect;
export type ApiKeyRow = typeof apiKeys.$inferSelect;

/** Whom everything belongs to in AUTH_MODE=single-user. */
export const BUILT_IN_USER_ID = "00000000-0000-7000-8000-000000000001";
const BUILT_IN_PROVIDER = "built-in";
/** Of an account that was deleted and has rows that are yet to be. */
const RETIRED_PROVIDER = "deleted";

/** Its address is none that could be registered, and it has no password: nobody can log in as it. */
export async function insertBuiltInUser(executor: Executor, at: Date): Promise<void> {
  await executor
    .insert(users)
    .values({
      id: BUILT_IN_USER_ID,
      email: "built-in@localhost",
      provider: BUILT_IN_PROVIDER,
      createdAt: at,
      updatedAt: at,
    })
    .onConflictDoNothing();
}

/** What stays of an account that is deleted, beside the secrets that instances share: its id. */
const DELETED_ACCOUNT = "deleted-account:";

/** Whether there is or was an account; the built-in user's is none. */
export async function hasHadAccounts(executor: Executor): Promise<boolean> {
  const deleted = await executor
    .select({ name: secrets.name })
    .from(secrets)
    .where(like(secrets.name, `${DELETED_ACCOUNT}%`))
    .limit(1);
  if (deleted.length > 0) return true;
  const rows = await executor
    .select({ id: users.id })
    .from(users)
    .where(notInArray(users.provider, [BUILT_IN_PROVIDER, RETIRED_PROVIDER]))
    .limit(1);
  return rows.length > 0;
}

/** @throws AppError email_taken. */
export async function insertUser(executor: Executor, user: NewUser): Promise<UserRow> {
  try {
    const [row] = await executor.insert(users).values(user).returning();
    if (!row) throw new Error("INSERT … RETURNING gave no row");
    return row;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError("email_taken", "There is an account with this e-mail already.", { cause: error });
  }
}

export async function findUser(executor: Executor, id: string): Promise<UserRow | undefined> {
  const [row] = await executor
    .select()
    .from(users)
    .where(and(eq(users.id, id), ne(users.provider, RETIRED_PROVIDER)));
  return row;
}

/** The time zone by which the user's days go. */
export async function findTimeZone(executor: Executor, userId: string): Promise<string> {
  const [row] = await executor.select({ settings: users.settings }).from(users).where(eq(users.id, userId));
  return timeZoneOf(row?.settings);
}

/** As the user has set it; else that of the service, UTC. */
export function timeZoneOf(settings: UserRow["settings"] | undefined): string {
  return typeof settings?.timezone === "string" ? settings.timezone : "UTC";
}

export async function findUserByEmail(executor: Executor, email: string): Promise<UserRow | undefined> {
  const [row] = await executor
    .select()
    .from(users)
    .where(eq(sql`lower(${users.email})`, email));
  return row;
}

/** Every account, the oldest first, with how many workouts it has outside the trash and when the last one began. */
export function listUsers(executor: Executor) {
  return executor
    .select({
      id: users.id,
      email: users.email,
      displayName: users.displayName,
      createdAt: users.createdAt,
      workouts: count(workouts.id),
      lastRide: max(workouts.startTime),
    })
    .from(users)
    .leftJoin(workouts, and(eq(workouts.userId, users.id), ne(workouts.status, "DELETED")))
    .where(ne(users.provider, RETIRED_PROVIDER))
    .groupBy(users.id)
    .orderBy(asc(users.createdAt), asc(users.id));
}

/** With `passwordHash`, only if it is still the user's; undefined when there is no such user (any more). */
export async function updateUser(
  executor: Executor,
  { id, passwordHash }: { id: string; passwordHash?: string },
  changes: Partial<NewUser>,
): Promise<UserRow | undefined> {
  const stillTheSame = passwordHash === undefined ? undefined : eq(users.passwordHash, passwordHash);
  const [row] = await executor
    .update(users)
    .set(changes)
    .where(and(eq(users.id, id), stillTheSame))
    .returning();
  return row;
}

/**
 * Takes an account away for everybody at once: who it was of, its credentials and its rides under way. What may be much
 * is left to eraseRetired. For a transaction.
 */
export async function retireUser(executor: Executor, id: string): Promise<void> {
  // First: nobody is to find neither the account nor that there was one.
  await executor
    .insert(secrets)
    .values({ name: DELETED_ACCOUNT + id, value: "deleted" })
    .onConflictDoNothing();
  await executor.delete(apiKeys).where(eq(apiKeys.userId, id));
  await executor.delete(refreshTokens).where(eq(refreshTokens.userId, id));
  await executor
    .delete(workouts)
    .where(and(eq(workouts.userId, id), inArray(workouts.status, ["ACTIVE", "PAUSED"])));
  await executor
    .update(users)
    .set({
      // None that could be registered, so that the one that it had can be, again.
      email: `${id}@deleted`,
      passwordHash: null,
      provider: RETIRED_PROVIDER,
      providerId: null,
      displayName: null,
      avatarUrl: null,
      settings: {},
    })
    .where(eq(users.id, id));
}

export async function listRetired(executor: Executor): Promise<string[]> {
  const rows = await executor
    .select({ id: users.id })
    .from(users)
    .where(eq(users.provider, RETIRED_PROVIDER));
  return rows.map(({ id }) => id);
}

/** With everything of theirs, by the foreign keys. */
export async function deleteUser(executor: Executor, id: string): Promise<void> {
  await executor.delete(users).where(eq(users.id, id));
}

/** Whether the account has been deleted, and did not come back by an import. */
export async function isDeleted(executor: Executor, id: string): Promise<boolean> {
  const rows = await executor
    .select({ name: secrets.name })
    .from(secrets)
    .where(eq(secrets.name, DELETED_ACCOUNT + id));
  return rows.length > 0 && (await findUser(executor, id)) === undefined;
}

export async function insertRefreshToken(executor: Executor, token: RefreshTokenRow): Promise<void> {
  await executor.insert(refreshTokens).values(token);
}

export async function findRefreshToken(
  executor: Executor,
  tokenHash: string,
): Promise<RefreshTokenRow | undefined> {
  const [row] = await executor.select().from(refreshTokens).where(eq(refreshTokens.tokenHash, tokenHash));
  return row;
}

export async function revokeRefreshToken(executor: Executor, id: string, at: Date): Promise<void> {
  await executor.update(refreshTokens).set({ revokedAt: at }).where(eq(refreshTokens.id, id));
}

export async function revokeSession(executor: Executor, sessionId: string, at: Date): Promise<void> {
  await executor
    .update(refreshTokens)
    .set({ revokedAt: at })
    .where(and(eq(refreshTokens.familyId, sessionId), isNull(refreshTokens.revokedAt)));
}

/** All the user's sessions but the one named, if one is. */
export async function revokeSessions(
  executor: Executor,
  userId: string,
  at: Date,
  except: string | undefined,
): Promise<void> {
  await executor
    .update(refreshTokens)
    .set({ revokedAt: at })
    .where(
      and(
        eq(refreshTokens.userId, userId),
        isNull(refreshTokens.revokedAt),
        except === undefined ? undefined : ne(refreshTokens.familyId, except),
      ),
    );
}

export async function deleteExpiredRefreshTokens(
  executor: Executor,
  userId: string,
  at: Date,
): Promise<void> {
  await executor
    .delete(refreshTokens)
    .where(and(eq(refreshTokens.userId, userId), lte(refreshTokens.expiresAt, at)));
}

/** Whether the session could be refreshed; its user then exists, as the rows go with the user's. */
export async function isSessionAlive(
  executor: Executor,
  { userId, sessionId }: Session,
  at: Date,
): Promise<boolean> {
  const rows = await executor
    .select({ id: refreshTokens.id })
    .from(refreshTokens)
    .where(
      and(
        eq(refreshTokens.familyId, sessionId),
        eq(refreshTokens.userId, userId),
        isNull(refreshTokens.revokedAt),
        gt(refreshTokens.expiresAt, at),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

export async function findKeyByHash(executor: Executor, keyHash: string): Promise<ApiKeyRow | undefined> {
  const [row] = await executor.select().from(apiKeys).where(eq(apiKeys.keyHash, keyHash));
  return row;
}

/** Whether the key is there and has not expired; its user then exists, as the rows go with the user's. */
export async function isKeyGood(executor: Executor, id: string, at: Date): Promise<boolean> {
  const rows = await executor
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at))));
  return rows.length > 0;
}

/** Newest first. */
export function listKeys(executor: Executor, userId: string): Promise<ApiKeyRow[]> {
  return executor
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.userId, userId))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id));
}

export async function countKeys(executor: Executor, userId: string): Promise<number> {
  const [row] = await executor.select({ total: count() }).from(apiKeys).where(eq(apiKeys.userId, userId));
  return row?.total ?? 0;
}

export async function insertKey(executor: Executor, key: ApiKeyRow): Promise<void> {
  await executor.insert(apiKeys).values(key);
}

/** Keys with whose they are, of everybody or of one user, newest first. */
export function listKeysWithOwner(executor: Executor, userId: string | undefined) {
  return executor
    .select({ key: apiKeys, email: users.email })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(userId === undefined ? undefined : eq(apiKeys.userId, userId))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id));
}

export async function findKey(executor: Executor, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await executor.select().from(apiKeys).where(eq(apiKeys.id, id));
  return row;
}

/** Resolves to whether the user had such a key. */
export async function deleteKey(executor: Executor, userId: string, id: string): Promise<boolean> {
  const rows = await executor
    .delete(apiKeys)
    .where(and(eq(apiKeys.id, id), eq(apiKeys.userId, userId)))
    .returning({ id: apiKeys.id });
  return rows.length > 0;
}

export async function setKeyLastUsed(executor: Executor, id: string, at: Date): Promise<void> {
  await executor.update(apiKeys).set({ lastUsedAt: at }).where(eq(apiKeys.id, id));
}
