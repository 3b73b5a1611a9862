import { eq, type SQL, sql } from "drizzle-orm";
import type { Executor } from "../../db/database.ts";
import { workouts } from "../../db/schema.ts";
import { sportGroup, sportName } from "../../domain/sport.ts";

/*
 * Sports are kept as they were written, and SQLite knows no case beyond ASCII: the few names that a rider uses are
 * compared here.
 */

/** The condition that a user's workout is of a group of sports. */
export function ofSportGroup(executor: Executor, userId: string, group: string): Promise<SQL> {
  return isAnyOf(executor, userId, (sport) => sportGroup(sport) === group);
}

/**
 * The condition that a user's workout is of a sport by its name without case: of any kind of cycling where that is the
 * name, as with records; of just the kind that is named, such as gravel riding, where that is what is looked for.
 */
export function ofSport(executor: Executor, userId: string, sport: string): Promise<SQL> {
  const name = sportName(sport);
  return isAnyOf(executor, userId, (other) => sportName(other) === name || sportGroup(other) === name);
}

async function isAnyOf(
  executor: Executor,
  userId: string,
  matches: (sport: string) => boolean,
): Promise<SQL> {
  const known = await executor
    .select({ sport: workouts.sport })
    .from(workouts)
    .where(eq(workouts.userId, userId))
    .groupBy(workouts.sport);
  const names = known.map(({ sport }) => sport).filter(matches);
  return sql`${workouts.sport} IN (SELECT value FROM json_each(${JSON.stringify(names)}))`;
}
