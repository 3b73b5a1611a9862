import type { Executor } from "../../db/database.ts";
import { findUser, timeZoneOf, type UserRow } from "./repository.ts";

type Settings = UserRow["settings"];

/** What a ride's figures need to know of its rider. */
export type RiderContext = {
  /** By which the rider's days go. */
  timeZone: string;
  /** In bpm, resting < threshold ≤ max; null unless all three are set. */
  heartrates: { max: number; resting: number; threshold: number } | null;
};

/** Of a rider who is not there, that of one who has set nothing. */
export async function readRiderContext(executor: Executor, userId: string): Promise<RiderContext> {
  return riderContextOf((await findUser(executor, userId))?.settings);
}

export function riderContextOf(settings: Settings = {}): RiderContext {
  return { timeZone: timeZoneOf(settings), heartrates: heartratesOf(settings) };
}

function heartratesOf(settings: Settings): RiderContext["heartrates"] {
  const { maxHeartrate: max, restingHeartrate: resting, thresholdHeartrate: threshold } = settings;
  // Before they had a meaning, anything could be kept under these names.
  if (typeof max !== "number" || typeof resting !== "number" || typeof threshold !== "number") return null;
  return resting < threshold && threshold <= max ? { max, resting, threshold } : null;
}

/** From the lowest to the highest, with whether two neighbours may be equal. */
const HEARTRATE_ORDER = [
  { lower: "restingHeartrate", upper: "thresholdHeartrate", mayEqual: false },
  { lower: "thresholdHeartrate", upper: "maxHeartrate", mayEqual: true },
  { lower: "restingHeartrate", upper: "maxHeartrate", mayEqual: false },
] as const;

/** What is wrong with settings after changes to them: a heart rate above another that it must be below. */
export function misplacedHeartrate(
  settings: Settings,
  changes: Settings,
): { path: string[]; message: string } | undefined {
  for (const { lower, upper, mayEqual } of HEARTRATE_ORDER) {
    const [low, high] = [settings[lower], settings[upper]];
    // What was there before, and whatever it is, keeps nobody from changing something else.
    if (!(lower in changes || upper in changes)) continue;
    if (typeof low !== "number" || typeof high !== "number") continue;
    if (low < high || (mayEqual && low === high)) continue;
    const message = `${low} must ${mayEqual ? "not be above" : "be below"} ${upper}, which is ${high}`;
    return { path: ["settings", lower], message };
  }
  return undefined;
}
