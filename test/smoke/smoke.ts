import { parseArgs } from "node:util";
import { emulatorOf, install } from "./installation.ts";
import { takeSteps } from "./steps.ts";

/*
 * Puts each binary of `bun run build` alone into a directory and rides with it: bun test/smoke/smoke.ts [--arch x64].
 * One that is not for this kind of machine runs under an emulator; where there is none it is skipped, but not in CI.
 */
const { values } = parseArgs({
  options: { arch: { type: "string", multiple: true, default: ["x64", "arm64"] } },
});
let passed = 0;
let failed = 0;

for (const architecture of values.arch) {
  const emulator = emulatorOf(architecture);
  if (emulator) await smoke(architecture, emulator);
  else if (process.env.CI === "true") fail(`${architecture}: FAILED: there is no emulator for it`);
  else print(`${architecture}: skipped, there is no emulator for it (see README.md)`);
}
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Each step builds on those before: the first that fails is the last. */
async function smoke(architecture: string, emulator: readonly string[]): Promise<void> {
  let name = "at first";
  try {
    await using installation = await install(architecture, emulator);
    await takeSteps(installation, async (step, body) => {
      name = step;
      await body();
      print(`${architecture}: ${step}`);
      passed += 1;
      name = "after that";
    });
  } catch (error) {
    fail(`${architecture}: ${name}: FAILED: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

function fail(line: string): void {
  print(line);
  failed += 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
