import type { z } from "zod";
import { dayAt } from "../../domain/calendar.ts";
import { beginning } from "../../domain/span.ts";
import type { Deps } from "../../runtime.ts";
import { findTimeZone } from "../accounts/repository.ts";
import { countStale, markFtpChanged } from "../workouts/stale.ts";
import { type FtpRow, insertFtp } from "./repository.ts";
import type { ftpSchema } from "./schemas.ts";

/** How many rides an FTP changes, and how many of the rider's are still to be derived again. */
export type Rederiving = { rides: number; remaining: number };

/**
 * Notes an FTP, and has the rides that it covers derived again. That goes on behind the answer where it takes long,
 * and is taken up again after a restart.
 */
export async function setFtp(
  { database, now, rederivation }: Pick<Deps, "database" | "now" | "rederivation">,
  userId: string,
  { ftp, source = null, effectiveFrom, sport }: z.output<typeof ftpSchema>,
): Promise<{ entry: FtpRow; rederiving: Rederiving }> {
  const createdAt = new Date(now());
  const { entry, rides } = await database.transaction(async (transaction) => {
    const zone = await findTimeZone(transaction, userId);
    const from = effectiveFrom === undefined ? createdAt.getTime() : beginning(effectiveFrom, zone);
    const entry: FtpRow = {
      id: Bun.randomUUIDv7(),
      userId,
      ftp,
      source,
      effectiveFrom: new Date(from),
      effectiveDay: dayAt(from, zone),
      createdAt,
      sport,
    };
    await insertFtp(transaction, entry);
    return { entry, rides: await markFtpChanged(transaction, userId) };
  });
  await rederivation.run(userId);
  return { entry, rederiving: { rides, remaining: await countStale(database, userId) } };
}
