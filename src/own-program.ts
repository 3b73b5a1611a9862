import { join } from "node:path";

/** How to run this program again: this file and its source, or all in one binary, where sources are below this folder. */
export const OWN_PROGRAM = import.meta.dir.startsWith("/$bunfs/")
  ? [process.execPath]
  : [process.execPath, "--no-env-file", join(import.meta.dir, "main.ts")];
