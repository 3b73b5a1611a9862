import { parseArgs } from "node:util";
import { median } from "../bench/processes.ts";
import { type Scene, scenes } from "./limits/scenes.ts";
import { build, openStage } from "./limits/stage.ts";
import { type Seen, watch } from "./limits/watch.ts";

/*
 * Brings the binary to its limits, one after another, and looks what another client has of it meanwhile:
 * bun test/faults/limits.ts [--quick] [--only WORD]. `--quick` takes a tenth of most things.
 */

const LONGEST_STALL_MS = 50;
const MOST_MEMORY_MB = 250;

/** A scene in which something is above its bound is played so often in all: noise is not there every time. */
const ROUNDS = 3;

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string", default: "" } },
});

/** What was seen of a step, or how it failed. */
type Outcome = { what: string; seen?: Seen; failure?: string };

async function play(scene: Scene): Promise<Outcome[]> {
  await using stage = await openStage();
  const outcomes: Outcome[] = [];
  const steps = await scene.steps(stage, values.quick);
  await using watching = await watch(stage.server);
  for (const { what, act } of steps) {
    try {
      outcomes.push({ what, seen: await watching.during(act) });
    } catch (error) {
      outcomes.push({ what, failure: error instanceof Error ? error.message : String(error) });
    }
    process.stderr.write(`  ${lineOf(outcomes.slice(-1))}\n`);
  }
  return outcomes;
}

function medianOf(rounds: readonly Outcome[]): Seen | undefined {
  const seen = rounds.flatMap(({ seen }) => seen ?? []);
  if (seen.length < rounds.length) return undefined;
  const of = (figure: keyof Seen) => median(seen.map((one) => one[figure]));
  return { wait: of("wait"), stall: of("stall"), peak: of("peak"), took: of("took") };
}

function isWithin(rounds: readonly Outcome[]): boolean {
  const seen = medianOf(rounds);
  return seen !== undefined && seen.stall <= LONGEST_STALL_MS && seen.peak <= MOST_MEMORY_MB;
}

/** Stall in ms, memory in MB, time in s. */
function lineOf(rounds: readonly Outcome[]): string {
  const [{ what = "" } = {}] = rounds;
  const seen = medianOf(rounds);
  if (!seen) return `${what.padEnd(52)} FAILED: ${rounds.flatMap(({ failure }) => failure ?? []).join("; ")}`;
  const { stall, wait, peak, took } = seen;
  const figures = [stall, wait, peak].map((figure) => figure.toFixed(0).padStart(8)).join("");
  return `${what.padEnd(52)}${figures}${took.toFixed(1).padStart(8)}${isWithin(rounds) ? "" : "  ABOVE"}`;
}

const chosen = scenes.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) throw new Error(`There is no scene with "${values.only}" in its name.`);
await build();
let passed = 0;
let failed = 0;
for (const scene of chosen) {
  process.stderr.write(`${scene.name} …\n`);
  const rounds = [await play(scene)];
  const steps = () => (rounds[0] ?? []).map((_, step) => rounds.flatMap((round) => round[step] ?? []));
  while (rounds.length < ROUNDS && !steps().every(isWithin)) rounds.push(await play(scene));
  process.stdout.write(`\n${scene.name.padEnd(52)}   stall    wait  memory    time\n`);
  for (const step of steps()) {
    process.stdout.write(`${lineOf(step)}\n`);
    if (isWithin(step)) passed += 1;
    else failed += 1;
  }
}
process.stdout.write(
  `\nThe longest stall of another client in ms, at most ${LONGEST_STALL_MS} (wait: with what other programs took of the ` +
    `processors), the most memory in MB, at most ${MOST_MEMORY_MB}, and the time in s.\n${passed} passed, ${failed} failed\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
