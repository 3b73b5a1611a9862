import { checkIntegrity } from "../db/integrity.ts";
import { printJson } from "./output.ts";
import { stepBehind } from "./priority.ts";

/** Reads a whole database file for the server that is using it, and prints what is wrong with it, as a list. */
export function checkFile(path: string): void {
  stepBehind();
  printJson(checkIntegrity(path, { quick: true }));
}
