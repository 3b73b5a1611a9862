import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { $ } from "bun";
import packageJson from "../package.json" with { type: "json" };
import { ARCHITECTURES, type Architecture, embedDriver, fetchDrivers } from "./drivers.ts";

/*
 * Makes one file of the service, for 64-bit Linux with glibc: bun scripts/build.ts [--arch x64] [--commit abc1234].
 * Either kind of machine builds for both; Bun's runtime and the database driver come from the package registry.
 */

const ROOT = join(import.meta.dir, "..");
const DIST = join(ROOT, "dist");
/** Not in the system's temporary directory: paths are in what is built, and two builds are to be the same. */
const WORK = join(DIST, "build");

/** The program, and the threads that it starts by the names of their files. */
const ENTRY_POINTS = [
  "src/main.ts",
  "src/db/database-thread.ts",
  "src/db/integrity-worker.ts",
  "src/db/replica-sync.ts",
  "src/features/workouts/ride-thread.ts",
  "src/streams/embedded-writer.ts",
];

const { values } = parseArgs({
  options: {
    arch: { type: "string", multiple: true, default: [...ARCHITECTURES] },
    commit: { type: "string" },
  },
});
const architectures = values.arch.map(architectureNamed);
const commit = values.commit ?? (await commitOfCheckout());

await rm(WORK, { recursive: true, force: true });
await mkdir(WORK, { recursive: true });
await fetchDrivers(ROOT, WORK);
for (const architecture of architectures) await build(architecture);
await rm(WORK, { recursive: true });

async function build(architecture: Architecture): Promise<void> {
  const name = `bpt-linux-${architecture}`;
  await Bun.build({
    root: ROOT,
    entrypoints: ENTRY_POINTS.map((path) => join(ROOT, path)),
    target: "bun",
    format: "esm",
    // Side by side, where the program looks for its threads.
    naming: { entry: "[name].[ext]" },
    plugins: [await embedDriver(WORK, architecture)],
    define: { BUILD_COMMIT: JSON.stringify(commit) },
    // Half the time to the first answer; less in memory; lines of the sources in the log for one megabyte more.
    bytecode: true,
    splitting: true,
    sourcemap: "inline",
    compile: {
      target: `bun-linux-${architecture}`,
      outfile: join(WORK, name),
      assets: [join(ROOT, "drizzle")],
      // Nothing in the directory that it happens to be started in is configuration.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  await rename(join(WORK, name), join(DIST, name));
  const megabytes = Math.round(Bun.file(join(DIST, name)).size / 1e6);
  process.stdout.write(`dist/${name}: ${packageJson.version}${commit && ` (${commit})`}, ${megabytes} MB\n`);
}

function architectureNamed(name: string): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture === name);
  if (found) return found;
  throw new Error(`There is no binary for ${name}: give --arch ${ARCHITECTURES.join(" or ")}.`);
}

/** As in abc1234, or abc1234-dirty where something is not committed; empty without git or outside of a repository. */
async function commitOfCheckout(): Promise<string> {
  const described = await $`git describe --always --dirty --exclude=${"*"} --abbrev=7`
    .cwd(ROOT)
    .nothrow()
    .quiet();
  return described.exitCode === 0 ? described.text().trim() : "";
}
