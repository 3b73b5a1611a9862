import type { Executor } from "../db/database.ts";
import { findUser, findUserByEmail, type UserRow } from "../features/accounts/repository.ts";
import { shown } from "./output.ts";

/**
 * The account with an id or an e-mail address.
 * @throws Error with a sentence for the operator when there is none.
 */
export async function findRider(executor: Executor, user: string): Promise<UserRow> {
  const found = (await findUser(executor, user)) ?? (await findUserByEmail(executor, user.toLowerCase()));
  if (!found) throw new Error(`There is no rider ${shown(user)}.`);
  return found;
}
