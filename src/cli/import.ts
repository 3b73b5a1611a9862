import { parseConfig } from "../config.ts";
import type { Database } from "../db/database.ts";
import { createPasswords } from "../features/accounts/passwords.ts";
import { registerSchema } from "../features/accounts/schemas.ts";
import { type CheckedArchive, checkArchive } from "../features/portability/check.ts";
import { importRides, planRides, type Standings } from "../features/portability/import.ts";
import {
  importFtpHistory,
  importNewAccount,
  newAccountOf,
  type Target,
} from "../features/portability/import-account.ts";
import { parse } from "../http/validate.ts";
import { findRider } from "./find-rider.ts";
import { openDatabase } from "./open-database.ts";
import { counted, note, print, printJson, shown } from "./output.ts";
import { startRideBar } from "./progress.ts";
import { readNewPassword } from "./prompt.ts";
import { terminationSignal } from "./termination.ts";

type Options = { user?: string; dryRun?: boolean; json?: boolean };

/**
 * Reads an archive into a new account or, with `user`, into one that is there. Nothing is written before all of it
 * was found sound.
 * @throws Error with a sentence for the operator. AppError email_taken, invalid_input.
 */
export async function importArchive(
  file: string,
  { user, dryRun = false, json = false }: Options,
  environment: Record<string, string | undefined>,
): Promise<void> {
  await using opened = await openDatabase(parseConfig(environment));
  const { database } = opened;
  const archive = await check(file);
  const target = await findTarget(database, archive, user);
  if (dryRun) {
    const rides = await planRides(database, target.id, archive);
    if (json) printJson({ dryRun, user: target, rides });
    else print(`Nothing was written. ${describe("To be imported", target, rides)}`);
    return;
  }
  const ftpHistory = await importAccount(database, target, archive);
  const { standings, verified, left } = await importAll(database, target, archive);
  if (json) printJson({ dryRun, user: target, rides: standings, ftpHistory, verified, left });
  else {
    print(describe("Imported", target, standings));
    print(
      `Found there afterwards as they are in the archive: ${counted(verified.workouts, "ride")}, ` +
        `${counted(verified.samples, "sample")}.`,
    );
  }
  if (left > 0) {
    throw new Error(`Stopped with ${left} to go. To go on, run it again with --user ${shown(target.email)}.`);
  }
}

async function check(file: string): Promise<CheckedArchive> {
  const bar = startRideBar("Checking");
  return checkArchive(file, bar.update).finally(bar.stop);
}

async function findTarget(
  database: Database,
  archive: CheckedArchive,
  user: string | undefined,
): Promise<Target> {
  if (user === undefined) return newAccountOf(database, archive);
  const { id, email } = await findRider(database, user);
  return { id, email, isNew: false };
}

/** Resolves to how many FTPs were new. */
async function importAccount(database: Database, target: Target, archive: CheckedArchive): Promise<number> {
  if (!target.isNew) {
    return database.transaction((tx) => importFtpHistory(tx, target.id, archive.ftpHistory));
  }
  note(`A password for the new account ${shown(target.email)}:`);
  const { password } = parse(registerSchema.pick({ password: true }), { password: await readNewPassword() });
  return importNewAccount({ database, passwords: createPasswords() }, target, archive, password);
}

async function importAll(database: Database, target: Target, archive: CheckedArchive) {
  const stop = new AbortController();
  terminationSignal().then(() => stop.abort());
  const bar = startRideBar("Importing");
  const onRide = (done: number) => bar.update(done, archive.workouts.length);
  return importRides({ database }, target.id, archive, { signal: stop.signal, onRide }).finally(bar.stop);
}

function describe(verb: "Imported" | "To be imported", { email, isNew }: Target, rides: Standings): string {
  return [
    `${verb} into ${isNew ? "the new account " : ""}${shown(email)}: ${counted(rides.new, "ride")}.`,
    ...(rides.present > 0 ? [`There already: ${rides.present}.`] : []),
    ...(rides.changed > 0 ? [`There in another state, and left so: ${rides.changed}.`] : []),
  ].join(" ");
}
