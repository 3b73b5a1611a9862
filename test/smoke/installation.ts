import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryDirectory } from "../support/directory.ts";
import type { Program } from "../support/server.ts";

const DIST = join(import.meta.dir, "../../dist");

/** Of Debian's qemu-user-static, libc6-arm64-cross and libgcc-s1-arm64-cross. */
const EMULATOR = "qemu-aarch64-static";
const ARM64_SYSTEM = "/usr/aarch64-linux-gnu";

/** None of this is the service's configuration: with any of it, it would not start. */
const HOSTILE = {
  ".env": "STREAM_IDLE_HOURS=never\n",
  ".env.local": "PORT=none\n",
  "bunfig.toml": 'preload = ["./hostile.ts"]\n',
  "hostile.ts": 'throw new Error("What lies in the directory was run.");\n',
};

type Outcome = { output: string; errors: string; exitCode: number };

/** One binary in a directory of its own. */
export interface Installation extends AsyncDisposable {
  program: Program;
  /** Runs a command until it ends. */
  run(parameters: readonly string[], environment?: Record<string, string>): Promise<Outcome>;
  data: string;
  /** Where temporary files go. */
  temporary: string;
  /** Names of what is in the directory. */
  readonly files: string[];
}

/** How programs of that architecture are run on this machine; undefined where they cannot be. */
export function emulatorOf(architecture: string): string[] | undefined {
  if (architecture === process.arch) return [];
  const libraries = join(ARM64_SYSTEM, "lib/libgcc_s.so.1");
  const isThere = architecture === "arm64" && Bun.which(EMULATOR) !== null && existsSync(libraries);
  return isThere ? [EMULATOR, "-L", ARM64_SYSTEM] : undefined;
}

export async function install(architecture: string, emulator: readonly string[]): Promise<Installation> {
  const binary = join(DIST, `bpt-linux-${architecture}`);
  if (!existsSync(binary)) throw new Error(`There is no ${binary}. \`bun run build\` makes it.`);
  const directory = await temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  await copyFile(binary, at("bpt"));
  for (const [name, content] of Object.entries(HOSTILE)) await Bun.write(at(name), content);
  await mkdir(at("tmp"));
  const program = { command: [...emulator, at("bpt")], cwd: directory.path };
  return {
    program,
    run: (parameters, environment = {}) =>
      runToEnd(program, parameters, { TMPDIR: at("tmp"), ...environment }),
    data: at("data"),
    temporary: at("tmp"),
    files: ["bpt", "data", "tmp", ...Object.keys(HOSTILE)],
    [Symbol.asyncDispose]: directory.remove,
  };
}

async function runToEnd(
  { command, cwd }: Program,
  parameters: readonly string[],
  environment: Record<string, string>,
): Promise<Outcome> {
  const running = Bun.spawn([...command, ...parameters], {
    cwd,
    env: { PATH: process.env.PATH, ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, exitCode] = await Promise.all([
    running.stdout.text(),
    running.stderr.text(),
    running.exited,
  ]);
  return { output, errors, exitCode };
}
