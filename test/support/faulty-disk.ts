import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What faulty-disk.c knows, of files with a part of their path; or nothing. */
type Fault = `${"hang" | "EIO" | "ENOSPC" | "unlink"} ${string}` | "none";

export const hasCompiler = Bun.which("cc") !== null;

/** Builds the library into a directory; what a service takes to run on a disk that can fail, and what has it fail. */
export async function makeFaultyDisk(directory: string) {
  const library = join(directory, "faulty-disk.so");
  const control = join(directory, "fault");
  await Bun.$`cc -shared -fPIC -O2 -o ${library} ${join(import.meta.dir, "faulty-disk.c")} -ldl`.quiet();
  return {
    environment: { LD_PRELOAD: library, FAULTY_DISK: control },
    async set(fault: Fault) {
      await rm(`${control}.hangs`, { force: true });
      await writeFile(control, fault);
    },
    /** Resolves when a flush hangs, since it was said that they do. */
    async hangs() {
      while (!existsSync(`${control}.hangs`)) await Bun.sleep(5);
    },
  };
}
