import { readFileSync } from "node:fs";

/*
 * The other client, in a process of its own: asks a server for /livez every few milliseconds and notes how long it
 * waited. Told "begin" it begins anew, told "end" it says the longest wait.
 * bun test/faults/limits-probe.ts URL PID
 */

const EVERY_MS = 5;
const [url = "", pid = ""] = process.argv.slice(2);

/** Of the longest wait in ms: as it was, and without the time for which others had the processors. */
export type Longest = { wait: number; stall: number };

let longest: Longest = { wait: 0, stall: 0 };
let asked: PromiseWithResolvers<void> | undefined;

process.on("message", async (word) => {
  // What was asked before belongs to what was before, or still to what is ending.
  asked = Promise.withResolvers();
  await asked.promise;
  process.send?.(longest);
  if (word === "begin") longest = { wait: 0, stall: 0 };
});

process.on("disconnect", () => process.exit());

for (;;) {
  const waited = waitedForProcessor();
  const began = performance.now();
  await (await fetch(`${url}/livez`)).text();
  const wait = performance.now() - began;
  const stall = Math.max(0, wait - (waitedForProcessor() - waited));
  longest = { wait: Math.max(longest.wait, wait), stall: Math.max(longest.stall, stall) };
  asked?.resolve();
  asked = undefined;
  await Bun.sleep(EVERY_MS);
}

/** For how long, in ms, the server's main thread and this one could have run and had no processor; by the kernel. */
function waitedForProcessor(): number {
  return delayOf(Number(pid)) + delayOf(process.pid);
}

function delayOf(process: number): number {
  const [, nanoseconds] = readFileSync(`/proc/${process}/task/${process}/schedstat`, "utf8").split(" ");
  return Number(nanoseconds) / 1e6;
}
