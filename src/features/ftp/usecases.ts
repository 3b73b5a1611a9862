import type { z } from "zod";
import { beginning } from "../../http/time.ts";
import type { Deps } from "../../runtime.ts";
import { findTimeZone } from "../accounts/repository.ts";
import { countStale, markFtpChanged } from "../workouts/stale.ts";
import { type FtpRow, saveFtp } from "./repository.ts";
import type { ftpSchema } from "./schemas.ts";

/** A caller is kept waiting for so long, in ms, to find everything up to date when the answer comes. */
const PATIENCE_MS = 2000;

/** How many rides an FTP changes, and how many of the rider's are still to be derived again. */
export type Rederiving = { rides: number; remaining: number };

/**
 * Notes an FTP, and has the rides that it covers derived again. That goes on behind the answer where it takes long,
 * and is taken up again after a restart.
 */
export async function setFtp(
  { database, now, rederivation }: Pick<Deps, "database" | "now" | "rederivation">,
  userId: string,
  { ftp, source = null, effectiveFrom }: z.output<typeof ftpSchema>,
): Promise<{ entry: FtpRow; rederiving: Rederiving }> {
  const createdAt = new Date(now());
  const { entry, rides } = await database.transaction(async (transaction) => {
    const zone = await findTimeZone(transaction, userId);
    const entry = await saveFtp(transaction, {
      id: Bun.randomUUIDv7(),
      userId,
      ftp,
      source,
      effectiveFrom: effectiveFrom === undefined ? createdAt : new Date(beginning(effectiveFrom, zone)),
      createdAt,
    });
    return { entry, rides: await markFtpChanged(transaction, userId) };
  });
  await Promise.race([rederivation.run(), Bun.sleep(PATIENCE_MS)]);
  return { entry, rederiving: { rides, remaining: await countStale(database, userId) } };
}
