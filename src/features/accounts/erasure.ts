import type { Database } from "../../db/database.ts";
import { type Job, scheduleJob } from "../../job.ts";
import type { Deps } from "../../runtime.ts";
import { deleteAllOf } from "../workouts/repository.ts";
import { deleteUser, listRetired } from "./repository.ts";

/** Deletes what accounts that were deleted have left, slice by slice, so that others may write in between. */
export async function eraseRetired(database: Database, signal?: AbortSignal): Promise<void> {
  for (const id of await listRetired(database)) {
    await deleteAllOf(database, id, signal);
    if (signal?.aborted) return;
    await deleteUser(database, id);
  }
}

/** Does that when it is asked to, and at a start for what an earlier run was stopped at. */
export function scheduleErasure(deps: Pick<Deps, "database" | "leases" | "log">): Job {
  return scheduleJob(deps, "erasure", (signal) => eraseRetired(deps.database, signal));
}
