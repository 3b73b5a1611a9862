import { basename } from "node:path";
import type { Logger } from "../logger.ts";

/** What is known of damage to the files of this instance. */
export interface DamageWatch {
  /** Names of the files that are damaged. */
  readonly files: ReadonlySet<string>;
  /** Ids of the rides of which the telemetry was found damaged, in files that may be sound otherwise. */
  readonly rides: ReadonlySet<string>;
  /** Takes note of damage to a file, in the store's words, and tells the operator the first time. */
  note(path: string, problem: string): void;
  /** The same of the telemetry of a ride. */
  noteRide(workoutId: string): void;
}

export function createDamageWatch(log: Pick<Logger, "error">): DamageWatch {
  const files = new Set<string>();
  const rides = new Set<string>();
  return {
    files,
    rides,
    note(path, problem) {
      const name = basename(path);
      if (files.has(name)) return;
      files.add(name);
      log.error({ file: path, problem }, `${name} is damaged. ${WHAT_TO_DO}`);
    },
    noteRide(workoutId) {
      if (rides.has(workoutId)) return;
      rides.add(workoutId);
      log.error(
        { workoutId },
        `The telemetry of ride ${workoutId} is damaged. \`bpt doctor\` tells of which others it is, and what to do.`,
      );
    },
  };
}

export const WHAT_TO_DO =
  "Stop the server and run `bpt doctor --repair`, which saves what can be saved and keeps the damaged file.";
