import { parseArgs } from "node:util";
import { type Plan, playInstances } from "../e2e/instances.ts";

/*
 * Two instances on one Redis and one remote database, at full length: bun test/faults/instances.ts [--riders 50]
 * [--run 2]. Each run takes about a minute and a half; without --run it plays all of them.
 */
const { values } = parseArgs({
  options: { riders: { type: "string", default: "50" }, run: { type: "string" } },
});

const RUNS: { what: string; plan: Omit<Plan, "riders" | "perSecond" | "losses"> }[] = [
  { what: "an instance is killed", plan: { seconds: 60, kill: { at: 25, restartAt: 40 } } },
  {
    what: "Redis stands still for 20 s, then an instance is killed",
    plan: {
      seconds: 75,
      outage: { how: "pause", at: 20, seconds: 20 },
      kill: { at: 55, restartAt: 65 },
    },
  },
  {
    what: "Redis is killed and started after 20 s, then an instance is killed",
    plan: {
      seconds: 75,
      outage: { how: "kill", at: 20, seconds: 20 },
      kill: { at: 55, restartAt: 65 },
    },
  },
  {
    // What instance A has sent when it is killed, Redis carries out later.
    what: "an instance is killed and started while Redis stands still",
    plan: {
      seconds: 60,
      outage: { how: "pause", at: 20, seconds: 20 },
      kill: { at: 27, restartAt: 33 },
    },
  },
];

let passed = 0;
let failed = 0;
for (const [index, { what, plan }] of RUNS.entries()) {
  if (values.run !== undefined && Number(values.run) !== index + 1) continue;
  const line = `run ${index + 1}, ${what}: `;
  try {
    const riders = Number(values.riders);
    print(line + (await playInstances({ riders, perSecond: 1, losses: { at: 15, answers: 100 }, ...plan })));
    passed += 1;
  } catch (error) {
    print(`${line}FAILED: ${error instanceof Error ? error.stack : String(error)}`);
    failed += 1;
  }
}
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
