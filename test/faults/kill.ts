import { parseArgs } from "node:util";
import { kindOf, playRound } from "./rounds.ts";

/*
 * Kills the service with SIGKILL again and again, and looks whether it kept its promises:
 * bun test/faults/kill.ts [--rounds 40] [--seed 1]. A round that failed is played again with `--rounds 1` and
 * the seed that it printed, though the moment of the kill is never quite the same.
 */
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "40" }, seed: { type: "string" } },
});
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
let passed = 0;
let failed = 0;

for (let seed = firstSeed; seed < firstSeed + Number(values.rounds); seed++) {
  const line = `seed ${seed}, ${kindOf(seed)}: `;
  try {
    print(line + (await playRound(seed)));
    passed += 1;
  } catch (error) {
    print(`${line}FAILED: ${error instanceof Error ? error.stack : String(error)}`);
    failed += 1;
  }
}
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
