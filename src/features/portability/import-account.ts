import type { Executor } from "../../db/database.ts";
import { AppError } from "../../errors.ts";
import type { Deps } from "../../runtime.ts";
import type { Passwords } from "../accounts/passwords.ts";
import { findUser, findUserByEmail, insertUser } from "../accounts/repository.ts";
import { registerSchema } from "../accounts/schemas.ts";
import { mergeSettings } from "../accounts/usecases.ts";
import { insertFtp } from "../ftp/repository.ts";
import { markFtpChanged } from "../workouts/stale.ts";
import type { CheckedArchive } from "./check.ts";
import { placeOf, possibleIds } from "./placement.ts";
import { findStoredFtp } from "./repository.ts";
import type { FtpEntry } from "./schemas.ts";

/** Whose the rides are going to be; `isNew` when the account is still to be made. */
export type Target = { id: string; email: string; isNew: boolean };

/**
 * The account that an archive brings along, under its own id where that is free.
 * @throws AppError email_taken. Error when nobody could log in with its address.
 */
export async function newAccountOf(executor: Executor, { profile }: CheckedArchive): Promise<Target> {
  const { data: email } = registerSchema.shape.email.safeParse(profile.email);
  if (email === undefined) {
    throw new Error(
      "The archive is of a rider who cannot log in. Name an account to import into with --user.",
    );
  }
  if (await findUserByEmail(executor, email)) {
    throw new AppError(
      "email_taken",
      `There is an account ${email} already. Say --user ${email} to import into it.`,
    );
  }
  const isTaken = (await findUser(executor, profile.id)) !== undefined;
  return { id: isTaken ? Bun.randomUUIDv7() : profile.id, email, isNew: true };
}

/**
 * Makes the account of an archive and gives it its FTP history, all or nothing; resolves to how many FTPs were new.
 * @throws AppError email_taken.
 */
export async function importNewAccount(
  { database, passwords }: Pick<Deps, "database"> & { passwords: Passwords },
  { id, email }: Target,
  { profile, ftpHistory }: CheckedArchive,
  password: string,
): Promise<number> {
  const passwordHash = await passwords.hash(password);
  const { displayName, avatarUrl, createdAt, updatedAt, lastLoginAt } = profile;
  const settings = mergeSettings({}, profile.settings ?? {});
  return database.transaction(async (tx) => {
    await insertUser(tx, {
      id,
      email,
      passwordHash,
      displayName,
      avatarUrl,
      settings,
      createdAt,
      updatedAt,
      lastLoginAt,
    });
    return importFtpHistory(tx, id, ftpHistory);
  });
}

/** Adds those that are not there yet; the rides that they change are marked. Resolves to how many they are. */
export async function importFtpHistory(
  executor: Executor,
  userId: string,
  ftpHistory: readonly FtpEntry[],
): Promise<number> {
  let added = 0;
  for (const { source, ...entry } of ftpHistory) {
    const stored = await findStoredFtp(executor, possibleIds(entry.id, userId));
    const place = placeOf(stored, entry.id, userId);
    if (place.stored) continue;
    await insertFtp(executor, { ...entry, id: place.id, userId, source: source ?? null });
    added += 1;
  }
  if (added > 0) await markFtpChanged(executor, userId);
  return added;
}
