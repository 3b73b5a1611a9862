import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseConfig } from "../config.ts";
import { exportAccount } from "../features/portability/export.ts";
import { version } from "../version.ts";
import { findRider } from "./find-rider.ts";
import { openBufferReader } from "./open-buffer.ts";
import { openDatabase } from "./open-database.ts";
import { counted, print, printJson, shown } from "./output.ts";
import { startRideBar } from "./progress.ts";

/**
 * Writes everything of a rider into an archive, also what has come of rides under way.
 * @throws Error with a sentence for the operator; also when telemetry was damaged, though there is an archive then.
 */
export async function exportRider(
  rider: string,
  { to, json = false }: { to?: string; json?: boolean },
  environment: Record<string, string | undefined>,
): Promise<void> {
  const config = parseConfig(environment);
  await using opened = await openDatabase(config);
  const { database } = opened;
  const user = await findRider(database, rider);
  const path = resolve(to ?? defaultName(user.email));
  if (existsSync(path))
    throw new Error(`There is a file ${shown(path)} already. Name another one with --to.`);
  const buffer = await openBufferReader(config);
  const bar = startRideBar("Exporting");
  const deps = { database, buffer, now: Date.now };
  const program = `bpt ${version}`;
  const { counts, damaged } = await exportAccount(deps, user, path, { program, onRide: bar.update }).finally(
    async () => {
      bar.stop();
      await buffer.close();
    },
  );
  const bytes = Bun.file(path).size;
  if (json) printJson({ file: path, bytes, counts, damaged });
  else {
    const rides = counted(counts.workouts, "ride");
    print(`${shown(path)}: ${rides} with ${counted(counts.samples, "sample")}, ${bytes} bytes.`);
  }
  if (damaged.length === 0) return;
  throw new Error(`The telemetry of ${damaged.join(", ")} is damaged and not in the archive; all else is.`);
}

/** In the current directory, named after the rider and the day. */
function defaultName(email: string): string {
  const day = new Date().toISOString().slice(0, 10);
  return `bpt-${email.replace(/[^\w@.+-]/g, "_")}-${day}.tar.gz`;
}
