import { parseConfig } from "../config.ts";
import { type ApiKeyRow, deleteKey, findKey, listKeysWithOwner } from "../features/accounts/repository.ts";
import { keySchema } from "../features/accounts/schemas.ts";
import { createApiKey } from "../features/accounts/usecases.ts";
import { parse } from "../http/validate.ts";
import { findRider } from "./find-rider.ts";
import { openDatabase } from "./open-database.ts";
import { note, print, printJson, shown } from "./output.ts";
import { formatTable } from "./table.ts";

type Environment = Record<string, string | undefined>;

/** @throws AppError invalid_input, too_many_api_keys. Error with a sentence for the operator, here as in all of these. */
export async function createKey(
  rider: string,
  { name, expires, json = false }: { name: string; expires?: Date; json?: boolean },
  environment: Environment,
): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  const { id, email } = await findRider(database, rider);
  const wanted = parse(keySchema, { name, expiresAt: expires?.toISOString() });
  const { key, ...row } = await createApiKey({ database, now: Date.now }, id, wanted);
  if (json) return printJson({ apiKey: { ...present(row, email), key } });
  print(key);
  note(
    `This is the key of ${shown(email)} for ${shown(row.name)}. It is shown this once. Its id is ${row.id}.`,
  );
}

export async function listKeys(
  rider: string | undefined,
  { json = false }: { json?: boolean },
  environment: Environment,
): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  const userId = rider === undefined ? undefined : (await findRider(database, rider)).id;
  const keys = (await listKeysWithOwner(database, userId)).map(({ key, email }) => present(key, email));
  if (json) return printJson({ apiKeys: keys });
  const rows = keys.map(({ id, email, name, prefix, createdAt, expiresAt, lastUsedAt }) => [
    id,
    shown(email),
    shown(name),
    `${prefix}…`,
    minute(createdAt),
    expiresAt ? minute(expiresAt) : "",
    lastUsedAt ? minute(lastUsedAt) : "",
  ]);
  print(formatTable(["id", "of", "name", "key", "created", "expires", "last used"], rows));
}

export async function revokeKey(id: string, environment: Environment): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  const key = await findKey(database, id);
  if (!key || !(await deleteKey(database, key.userId, id))) {
    throw new Error(`There is no API key with the id ${shown(id)}.`);
  }
  print(`The key ${shown(key.name)} (${key.prefix}…) is revoked.`);
  note(
    "A running server takes it for up to a minute more, and what listens with it goes on until it disconnects.",
  );
}

function present({ id, name, prefix, createdAt, expiresAt, lastUsedAt }: ApiKeyRow, email: string) {
  return { id, email, name, prefix, createdAt, expiresAt, lastUsedAt };
}

/** As in 2026-05-31 08:00, UTC. */
function minute(time: Date): string {
  return time.toISOString().slice(0, 16).replace("T", " ");
}
