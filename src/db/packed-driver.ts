import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/* Only in the binary, into which the build script puts libSQL's native addon: the system loads it from a file alone. */

/**
 * Loads the addon, which it unpacks into the directory for temporary files unless an earlier start has left it there.
 * @param packed where it is in the binary, compressed with zstd; its name has a hash of its contents
 * @param size in bytes, unpacked
 * @throws Error with a sentence for the operator.
 */
export function loadDriver(packed: string, size: number, directory = tmpdir()): unknown {
  const user = process.getuid?.() ?? 0;
  const path = join(directory, `.bpt-${user}-${basename(packed, ".zst")}.node`);
  const module = { exports: {} };
  try {
    if (!isWhole(path, user, size)) unpack(packed, path);
    process.dlopen(module, path);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The database driver could not be loaded from ${directory} (${words}). Set TMPDIR to a directory in which this user may write files and run programs.`,
    );
  }
  return module.exports;
}

/** Others may write to the same directory: what they could have made or changed is not loaded. */
function isWhole(path: string, user: number, size: number): boolean {
  const file = lstatSync(path, { throwIfNoEntry: false });
  return file?.isFile() === true && file.uid === user && (file.mode & 0o022) === 0 && file.size === size;
}

/** In two steps: of several starts at once, and of one that is cut off, none finds half a file. */
function unpack(packed: string, path: string): void {
  const unfinished = `${path}.${process.pid}-${Bun.randomUUIDv7()}`;
  try {
    writeFileSync(unfinished, Bun.zstdDecompressSync(readFileSync(packed)), { mode: 0o700, flag: "wx" });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
