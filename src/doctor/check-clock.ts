import { lastKnown, machineTime, WHAT_IT_MEANS } from "../clock.ts";
import { latestMigration } from "../db/migrate.ts";
import type { Finding } from "./finding.ts";

/** How far ahead of the clock, in ms, an entry may be that another machine has dated. */
const TOLERANCE_MS = 60_000;

const ADVICE =
  "Set the time, or have it kept with `timedatectl set-ntp true`. A Raspberry Pi knows it only from the network, unless it has a battery.";

/** Whether the clock can be right; `newest` is the latest time in the data, epoch ms. */
export async function checkClock(dataDirectory: string, now: number, newest: number): Promise<Finding> {
  const check = "clock";
  const reading = `The clock reads ${isoTime(now)}`;
  if (now < latestMigration()) {
    return { check, status: "problem", message: `${reading}, before this program was made`, advice: ADVICE };
  }
  if (now < newest - TOLERANCE_MS) {
    const message = `${reading}, before the newest entry in the data, of ${isoTime(newest)}`;
    return { check, status: "problem", message, advice: ADVICE };
  }
  const isSynchronized = await machineTime.isSynchronized();
  if (isSynchronized) return { check, status: "ok", message: `${reading}; a time server keeps it` };
  const known = lastKnown(dataDirectory, { ...machineTime, now: () => now });
  if (known && known.state !== "plausible") {
    const message = `${reading}, and should read ${isoTime(known.expected)} by what the service knows of time`;
    return { check, status: "warning", message, advice: `${WHAT_IT_MEANS} ${ADVICE}` };
  }
  if (isSynchronized === undefined) return { check, status: "ok", message: reading };
  return { check, status: "warning", message: `${reading}; no time server keeps it`, advice: ADVICE };
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
