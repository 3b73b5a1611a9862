import { finishSwap, isRestoreUnderWay, refuseDuringRestore } from "../backup/swap.ts";
import { type Config, parseConfig } from "../config.ts";
import { lockDataDirectory } from "../db/data-lock.ts";
import { createDatabase } from "../db/database.ts";
import { forOperator } from "../db/errors.ts";
import { listKnownMigrations, listMigrations, type Migration } from "../db/migrate.ts";
import { openClient } from "../db/open.ts";
import { commandUrl, isThere, openDatabase } from "./open-database.ts";
import { counted, print, printJson } from "./output.ts";
import { formatTable } from "./table.ts";

type Options = { status?: boolean; json?: boolean };

/**
 * Brings the database to this program's schema, or makes a new one; with `status` only says how it stands.
 * @throws Error with a sentence for the operator: a server uses the data, or a newer version has written it.
 */
export async function migrate(
  { status = false, json = false }: Options,
  environment: Record<string, string | undefined>,
): Promise<void> {
  const config = parseConfig(environment);
  if (!status) await finishRestore(config);
  const before = await readStatus(config);
  if (status) {
    if (json) printJson({ migrations: before });
    else print(describeStatus(before));
    return;
  }
  await using _opened = await openDatabase(config, { make: true });
  const applied = before.filter(({ state }) => state === "pending").map(({ name }) => name);
  if (json) printJson({ applied });
  else if (applied.length === 0) print("There is nothing to migrate.");
  else print(`${counted(applied.length, "migration")} applied: ${applied.join(", ")}.`);
}

/** One that was interrupted, as the start of a server would. */
async function finishRestore({ dataDirectory }: Config): Promise<void> {
  if (!isRestoreUnderWay(dataDirectory)) return;
  const lock = await lockDataDirectory(dataDirectory);
  await finishSwap(dataDirectory).finally(lock.release);
}

async function readStatus(config: Config): Promise<Migration[]> {
  refuseDuringRestore(config.dataDirectory);
  const url = commandUrl(config);
  if (!isThere(url)) return listKnownMigrations();
  try {
    const { databaseAuthToken: authToken } = config;
    const client = await openClient({ url, authToken, readOnly: true });
    try {
      return await listMigrations(createDatabase(client));
    } finally {
      client.close();
    }
  } catch (error) {
    throw forOperator(error);
  }
}

function describeStatus(migrations: readonly Migration[]): string {
  const rows = migrations.map(({ name, madeAt, state }) => [
    name ?? "unknown to this version",
    madeAt.toISOString().slice(0, 10),
    state,
  ]);
  return formatTable(["migration", "made", "state"], rows);
}
