import { cp } from "node:fs/promises";
import { join } from "node:path";
import { $, type BunPlugin } from "bun";

export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** From here on it takes many times as long for a few per cent. */
const ZSTD_LEVEL = 9;

/**
 * Installs libSQL's native addons for all architectures into a folder, in the versions of the lockfile; an
 * installation has only those of its own machine.
 * @throws ShellError when they cannot be had.
 */
export async function fetchDrivers(root: string, folder: string): Promise<void> {
  for (const name of ["package.json", "bun.lock", "bunfig.toml"])
    await cp(join(root, name), join(folder, name));
  const which = [
    "--production",
    "--os=linux",
    ...ARCHITECTURES.map((architecture) => `--cpu=${architecture}`),
  ];
  await $`${process.execPath} install --frozen-lockfile --ignore-scripts ${which}`.cwd(folder).quiet();
}

/** Puts the addon, compressed, into the bundle, and makes libSQL load it from there. */
export async function embedDriver(folder: string, architecture: Architecture): Promise<BunPlugin> {
  const addon = Bun.file(join(folder, `node_modules/@libsql/linux-${architecture}-gnu/index.node`));
  const packed = join(folder, `libsql-${architecture}.zst`);
  await Bun.write(packed, Bun.zstdCompressSync(await addon.bytes(), { level: ZSTD_LEVEL }));
  const loader = new URL("../src/db/packed-driver.ts", import.meta.url).pathname;
  const load = `require(${JSON.stringify(loader)}).loadDriver(require(${JSON.stringify(packed)}), ${addon.size})`;
  return {
    name: "embed-driver",
    setup(build) {
      build.config.loader = { ...build.config.loader, ".zst": "file" };
      build.onLoad({ filter: /\/node_modules\/libsql\/index\.js$/ }, async ({ path }) => ({
        contents: loadingBy(load, await Bun.file(path).text()),
        loader: "js",
      }));
    },
  };
}

/** libSQL makes up the name of its addon as it runs; a bundler finds only what is named outright. */
function loadingBy(load: string, source: string): string {
  const contents = source
    .replace(/^function requireNative\(\) \{$.*?^\}$/ms, () => `const requireNative = () => ${load};`)
    .replace(/^const .* = require\("(@neon-rs\/load|detect-libc)"\);$/gm, "");
  if (contents.includes(load) && !/neon-rs|detect-libc|@libsql\/\$/.test(contents)) return contents;
  throw new Error("This version of libsql loads its addon in another way: see scripts/drivers.ts.");
}
