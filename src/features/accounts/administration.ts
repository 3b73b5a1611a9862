import { AppError } from "../../errors.ts";
import type { Deps } from "../../runtime.ts";
import type { Passwords } from "./passwords.ts";
import { BUILT_IN_USER_ID, insertUser, revokeSessions, type UserRow, updateUser } from "./repository.ts";
import { userNotFound } from "./usecases.ts";

/* What the operator may do to accounts, whatever the server lets riders do. */

type AdministrationDeps = Pick<Deps, "database" | "now"> & { passwords: Passwords };

/**
 * Makes an account, also where registration is closed.
 * @throws AppError email_taken.
 */
export async function createAccount(
  { database, passwords, now }: AdministrationDeps,
  { email, password, displayName }: { email: string; password: string; displayName?: string | undefined },
): Promise<UserRow> {
  const passwordHash = await passwords.hash(password);
  const at = new Date(now());
  const id = Bun.randomUUIDv7();
  return insertUser(database, { id, email, passwordHash, displayName, createdAt: at, updatedAt: at });
}

/**
 * Sets a password without asking for the current one and ends every session; API keys stay.
 * @throws AppError user_not_found, built_in_user.
 */
export async function setPassword(
  { database, passwords, now }: AdministrationDeps,
  userId: string,
  password: string,
): Promise<void> {
  if (userId === BUILT_IN_USER_ID) throw new AppError("built_in_user", "The built-in user has no password.");
  const passwordHash = await passwords.hash(password);
  const updatedAt = new Date(now());
  await database.transaction(async (tx) => {
    const user = await updateUser(tx, { id: userId }, { passwordHash, updatedAt });
    if (!user) throw userNotFound();
    await revokeSessions(tx, userId, updatedAt, undefined);
  });
}
