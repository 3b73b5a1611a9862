import type { Config } from "../config.ts";
import { parseConfig } from "../config.ts";
import type { Database } from "../db/database.ts";
import { createAccount, setPassword } from "../features/accounts/administration.ts";
import { eraseRetired } from "../features/accounts/erasure.ts";
import { createPasswords } from "../features/accounts/passwords.ts";
import { listUsers as listUserRows, retireUser } from "../features/accounts/repository.ts";
import { passwordSchema, registerSchema } from "../features/accounts/schemas.ts";
import { deleteAccount, requireDeletable } from "../features/accounts/usecases.ts";
import { parse } from "../http/validate.ts";
import { createHub } from "../streams/hub.ts";
import { findRider } from "./find-rider.ts";
import { openBufferReader, openOwnBuffer } from "./open-buffer.ts";
import { openDatabase } from "./open-database.ts";
import { counted, note, print, printJson, shown } from "./output.ts";
import { readNewPassword, requireConsent } from "./prompt.ts";
import { formatTable } from "./table.ts";

type Environment = Record<string, string | undefined>;

/** @throws AppError invalid_input, email_taken. Error with a sentence for the operator, here as in all of these. */
export async function createUser(
  email: string,
  { name, json = false }: { name?: string; json?: boolean },
  environment: Environment,
): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  // What can be said before the question is.
  parse(registerSchema.omit({ password: true }), { email, displayName: name });
  const account = parse(registerSchema, { email, displayName: name, password: await readNewPassword() });
  const deps = { database, now: Date.now, passwords: createPasswords() };
  const { id, displayName, createdAt, ...user } = await createAccount(deps, account);
  if (json) printJson({ user: { id, email: user.email, displayName, createdAt } });
  else print(`The account ${shown(user.email)} is made. Its id is ${id}.`);
}

export async function listUsers(
  { json = false }: { json?: boolean },
  environment: Environment,
): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const users = await listUserRows(opened.database);
  if (json) return printJson({ users });
  const rows = users.map(({ id, email, displayName, createdAt, workouts, lastRide }) => [
    id,
    shown(email),
    shown(displayName ?? ""),
    day(createdAt),
    String(workouts),
    lastRide ? day(lastRide) : "",
  ]);
  print(formatTable(["id", "e-mail", "name", "created", "workouts", "last ride"], rows));
}

/** @throws AppError invalid_input, built_in_user. */
export async function setUserPassword(rider: string, environment: Environment): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  const { id, email } = await findRider(database, rider);
  const { newPassword } = parse(passwordSchema.pick({ newPassword: true }), {
    newPassword: await readNewPassword(),
  });
  await setPassword({ database, now: Date.now, passwords: createPasswords() }, id, newPassword);
  print(`${shown(email)} has a new password, and is logged out everywhere.`);
  note(
    "A running server takes access tokens that it knows for up to a minute more; API keys stay as they are.",
  );
}

/** @throws AppError built_in_user. UsageError where there is nobody to ask and `yes` was not said. */
export async function deleteUser(
  rider: string,
  { yes = false }: { yes?: boolean },
  environment: Environment,
): Promise<void> {
  const config = parseConfig(environment);
  await using opened = await openDatabase(config);
  const { database } = opened;
  const { id, email } = await findRider(database, rider);
  requireDeletable(id);
  const workouts = (await listUserRows(database)).find((user) => user.id === id)?.workouts ?? 0;
  if (!yes) {
    await requireConsent(
      `Delete ${shown(email)} with ${counted(workouts, "workout")} and everything else of theirs?`,
    );
  }
  await deleteEverything(config, database, id);
  await eraseRetired(database);
  print(`${shown(email)} is deleted, with ${counted(workouts, "workout")}.`);
  note("A running server takes access tokens and API keys that it knows for up to a minute more.");
}

/**
 * The rows and the live streams. Those of an embedded buffer are its server's alone to delete while it runs.
 * @throws Error when there are such streams.
 */
async function deleteEverything(config: Config, database: Database, userId: string): Promise<void> {
  const buffer = await openOwnBuffer(config);
  if (!buffer) {
    await requireNoStreams(config, userId);
    return database.transaction((transaction) => retireUser(transaction, userId));
  }
  try {
    const hub = createHub(buffer, () => {});
    // Nobody is logged in to this process.
    await deleteAccount({ database, buffer, hub, authenticator: { forget() {} } }, userId);
  } finally {
    await buffer.close();
  }
}

async function requireNoStreams(config: Config, userId: string): Promise<void> {
  const reader = await openBufferReader(config);
  const streams = await reader.list(userId).finally(() => reader.close());
  if (streams.length === 0) return;
  throw new Error(
    `A server is running, and only it can delete ${counted(streams.length, "live stream")} of this rider. ` +
      "Stop it, or complete or delete them first. Nothing was deleted.",
  );
}

function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}
