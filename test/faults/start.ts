import { parseArgs } from "node:util";
import { prepareStarts } from "./starts.ts";

/*
 * Kills the service with SIGKILL while it starts for the first time, or for the first time after a restore, on a disk that
 * is slow to flush, and looks whether it then starts: bun test/faults/start.ts [--rounds 250] [--seed 1].
 */
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "250" }, seed: { type: "string" } },
});
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
await using starts = await prepareStarts();
let kills = 0;
let failed = 0;

for (let seed = firstSeed; seed < firstSeed + Number(values.rounds); seed++) {
  try {
    const moments = await starts.play(seed);
    kills += moments.length;
    process.stdout.write(`seed ${seed}: killed after ${moments.join(", ")} ms\n`);
  } catch (error) {
    failed += 1;
    const words = error instanceof Error ? error.stack : String(error);
    process.stdout.write(`seed ${seed}: FAILED: ${words}\n`);
  }
}
process.stdout.write(`${kills} kills, ${failed} rounds failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
