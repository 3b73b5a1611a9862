import { latestMigration } from "../db/migrate.ts";
import type { Finding } from "./finding.ts";

/** How far ahead of the clock, in ms, an entry may be that another machine has dated. */
const TOLERANCE_MS = 60_000;

const ADVICE =
  "Set the time, or have it kept with `timedatectl set-ntp true`. A Raspberry Pi knows it only from the network, unless it has a battery.";

/** Whether the clock can be right; `newest` is the latest time in the data, epoch ms. */
export async function checkClock(now: number, newest: number): Promise<Finding> {
  const check = "clock";
  const reading = `The clock reads ${isoTime(now)}`;
  if (now < latestMigration()) {
    return { check, status: "problem", message: `${reading}, before this program was made`, advice: ADVICE };
  }
  if (now < newest - TOLERANCE_MS) {
    const message = `${reading}, before the newest entry in the data, of ${isoTime(newest)}`;
    return { check, status: "problem", message, advice: ADVICE };
  }
  if ((await isSynchronized()) !== false) return { check, status: "ok", message: reading };
  return { check, status: "warning", message: `${reading}; no time server keeps it`, advice: ADVICE };
}

/** Undefined where the system cannot tell, as in a container. */
async function isSynchronized(): Promise<boolean | undefined> {
  const timedatectl = Bun.which("timedatectl");
  if (timedatectl === null) return undefined;
  const command = [timedatectl, "show", "--property=NTPSynchronized", "--value"];
  const { stdout } = Bun.spawn(command, { stdin: "ignore", stderr: "ignore", timeout: 2000 });
  const answer = (await stdout.text()).trim();
  return answer === "" ? undefined : answer === "yes";
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
