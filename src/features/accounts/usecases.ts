import type { Executor } from "../../db/database.ts";
import { AppError } from "../../errors.ts";
import { invalidInput } from "../../http/validate.ts";
import { MAX_KEYS, MAX_SETTINGS_BYTES } from "../../limits.ts";
import type { Deps } from "../../runtime.ts";
import { markFtpChanged, markHeartratesChanged } from "../workouts/stale.ts";
import type { Authenticator } from "./authenticator.ts";
import {
  type ApiKeyRow,
  BUILT_IN_USER_ID,
  countKeys,
  deleteKey,
  findUser,
  insertKey,
  isDeleted,
  listKeys,
  retireUser,
  type UserRow,
  updateUser,
} from "./repository.ts";
import { misplacedHeartrate, riderContextOf } from "./rider-context.ts";
import { randomToken, sha256 } from "./tokens.ts";

type Settings = UserRow["settings"];

const KEY_START = "bpt_";
const KEY_PREFIX_LENGTH = 12;

/** @throws AppError user_not_found. */
export async function readProfile({ database }: { database: Executor }, userId: string): Promise<UserRow> {
  const user = await findUser(database, userId);
  if (!user) throw userNotFound();
  return user;
}

/**
 * Changes what is given; settings are merged into those there are, and rides to which they matter are derived again.
 * @throws AppError user_not_found, or invalid_input when the settings grow too large or contradict each other.
 */
export async function updateProfile(
  { database, now, rederivation }: Pick<Deps, "database" | "now" | "rederivation">,
  userId: string,
  {
    settings = {},
    ...changes
  }: {
    displayName?: string | null | undefined;
    avatarUrl?: string | null | undefined;
    settings?: Settings | undefined;
  },
): Promise<UserRow> {
  const { user, isStale } = await database.transaction(async (tx) => {
    const { settings: stored } = await readProfile({ database: tx }, userId);
    const merged = mergeSettings(stored, settings);
    const misplaced = misplacedHeartrate(merged, settings);
    if (misplaced) throw invalidInput([misplaced]);
    const user = await updateUser(
      tx,
      { id: userId },
      { ...changes, settings: merged, updatedAt: new Date(now()) },
    );
    if (!user) throw userNotFound();
    const [before, after] = [riderContextOf(stored), riderContextOf(merged)];
    const daysMoved = before.timeZone !== after.timeZone;
    const heartratesChanged = !Bun.deepEquals(before.heartrates, after.heartrates);
    if (daysMoved) await markFtpChanged(tx, userId);
    if (heartratesChanged) await markHeartratesChanged(tx, userId);
    return { user, isStale: daysMoved || heartratesChanged };
  });
  if (isStale) await rederivation.run(userId);
  return user;
}

/** Key by key; null removes one. @throws AppError invalid_input when they grow too large. */
export function mergeSettings(stored: Settings, changes: Settings): Settings {
  const entries = Object.entries({ ...stored, ...changes }).filter(([, value]) => value !== null);
  const merged = Object.fromEntries(entries);
  if (Buffer.byteLength(JSON.stringify(merged)) <= MAX_SETTINGS_BYTES) return merged;
  const message = `may take at most ${MAX_SETTINGS_BYTES} bytes in all`;
  throw invalidInput([{ path: ["settings"], message }]);
}

export function userNotFound(): AppError {
  return new AppError("user_not_found", "This account does not exist any more.");
}

/**
 * Deletes the user with everything of theirs, live streams included; what is gone for everybody then, but may be many
 * rows, is erased by whoever calls.
 * @throws AppError built_in_user, buffer_unavailable.
 */
export async function deleteAccount(
  {
    database,
    authenticator,
    buffer,
    hub,
  }: Pick<Deps, "database" | "buffer" | "hub"> & { authenticator: Pick<Authenticator, "forget"> },
  userId: string,
): Promise<void> {
  requireDeletable(userId);
  // An account whose streams cannot be deleted now stays, so that it can be deleted later.
  await buffer.ping();
  await database.transaction((transaction) => retireUser(transaction, userId));
  // First, so that what makes a stream again is a request under way, which tidies up after itself.
  authenticator.forget((identity) => identity.userId === userId);
  await deleteStreams({ buffer, hub }, userId);
}

/**
 * For a request that was under way while somebody's credentials were revoked: of an account that was deleted it
 * leaves no stream and no listener, though it was let in.
 */
export async function tidyUpAfter(
  { database, buffer, hub }: Pick<Deps, "database" | "buffer" | "hub">,
  userId: string,
): Promise<void> {
  if (await isDeleted(database, userId)) await deleteStreams({ buffer, hub }, userId);
}

async function deleteStreams({ buffer, hub }: Pick<Deps, "buffer" | "hub">, userId: string): Promise<void> {
  for (const { owner, name } of await buffer.list(userId)) {
    await hub.deleteStream({ owner, name });
  }
  hub.disconnect(userId);
}

/** @throws AppError built_in_user. */
export function requireDeletable(userId: string): void {
  if (userId !== BUILT_IN_USER_ID) return;
  throw new AppError("built_in_user", "The built-in user cannot be deleted.");
}

/** Newest first, with their last use up to date. */
export async function listApiKeys(
  { database, authenticator }: Pick<Deps, "database" | "authenticator">,
  userId: string,
): Promise<ApiKeyRow[]> {
  await authenticator.flushKeyUsage();
  return listKeys(database, userId);
}

/**
 * Makes a key; it is shown this once, and only its hash is kept.
 * @throws AppError invalid_input when it would have expired already, too_many_api_keys.
 */
export async function createApiKey(
  { database, now }: Pick<Deps, "database" | "now">,
  userId: string,
  { name, expiresAt = null }: { name: string; expiresAt?: Date | null | undefined },
): Promise<ApiKeyRow & { key: string }> {
  const createdAt = new Date(now());
  if (expiresAt && expiresAt <= createdAt) {
    throw invalidInput([{ path: ["expiresAt"], message: "is not in the future" }]);
  }
  const key = KEY_START + randomToken();
  const row: ApiKeyRow = {
    id: Bun.randomUUIDv7(),
    userId,
    keyHash: sha256(key),
    name,
    prefix: key.slice(0, KEY_PREFIX_LENGTH),
    createdAt,
    expiresAt,
    lastUsedAt: null,
  };
  await database.transaction(async (tx) => {
    // Deleted while this was under way, an account gets nothing any more.
    await readProfile({ database: tx }, userId);
    if ((await countKeys(tx, userId)) >= MAX_KEYS) {
      throw new AppError(
        "too_many_api_keys",
        `There are ${MAX_KEYS} API keys already. Delete some that are not used.`,
      );
    }
    await insertKey(tx, row);
  });
  return { ...row, key };
}

/** @throws AppError api_key_not_found. */
export async function deleteApiKey(
  { database, authenticator, hub }: Pick<Deps, "database" | "authenticator" | "hub">,
  userId: string,
  id: string,
): Promise<void> {
  if (!(await deleteKey(database, userId, id))) {
    throw new AppError("api_key_not_found", "You have no API key with this id.");
  }
  authenticator.forget((identity) => identity.via === "key" && identity.keyId === id);
  hub.disconnect(userId);
}
