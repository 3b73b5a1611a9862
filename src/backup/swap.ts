import { existsSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { z } from "zod";
import { COMPANIONS } from "../db/local-files.ts";
import { makeDirectory, syncDirectory } from "../file-system.ts";

/*
 * Files take the places of others in a way that a kill or a power cut leaves either all of the old ones or, after the
 * next start, all of the new ones. Each new file lies ready beside its place; then the plan is written, by a rename, and
 * with that it is decided: whoever comes next and finds the plan carries it out to the end.
 */

const PLAN_NAME = "restore.json";

const planSchema = z.object({
  /** The directory, beside each of the files, that what is replaced is moved into. */
  replaced: z.string(),
  /** Paths that a new file lies ready for. */
  replace: z.array(z.string()),
  /** Paths that nothing comes to. */
  remove: z.array(z.string()),
});

export type SwapPlan = z.infer<typeof planSchema>;

/** Whether one was stopped, or is going on, between its decision and its end: the files in place are then not the data. */
export function isRestoreUnderWay(dataDirectory: string): boolean {
  return existsSync(join(dataDirectory, PLAN_NAME));
}

export const FINISH_RESTORE =
  "Start the server, which finishes it, or run `bpt restore` again. Leave *.restoring and replaced-* alone until then.";

/** @throws Error with a sentence for the operator while a restore is under way. */
export function refuseDuringRestore(dataDirectory: string): void {
  if (!isRestoreUnderWay(dataDirectory)) return;
  throw new Error(`A restore in ${dataDirectory} is not finished. ${FINISH_RESTORE}`);
}

/** Where the new file for a path lies ready. */
export function readyPath(path: string): string {
  return `${path}.restoring`;
}

/** Writes the plan into the data directory and carries it out. The new files must be on disk. */
export async function swap(dataDirectory: string, plan: SwapPlan): Promise<void> {
  for (const path of plan.replace) await syncDirectory(dirname(path));
  const place = join(dataDirectory, PLAN_NAME);
  const draft = `${place}.part`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(JSON.stringify(mapPaths(plan, (path) => within(dataDirectory, path) ?? path)));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, place);
  await syncDirectory(dataDirectory);
  await finishSwap(dataDirectory);
}

/** In the file, paths in the data directory are relative to it: it may be reached by another name the next time. */
async function readPlan(dataDirectory: string): Promise<SwapPlan> {
  const path = join(dataDirectory, PLAN_NAME);
  let plan: SwapPlan;
  try {
    plan = planSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    const message = `${path}, which tells what is left of a restore, cannot be read. Remove it, and run \`bpt restore\` with the backup again.`;
    throw new Error(message, { cause });
  }
  const former = formerDirectory(plan) ?? dataDirectory;
  const found = mapPaths(plan, (place) => resolve(dataDirectory, within(former, place) ?? place));
  const missing = found.replace.find((place) => !existsSync(readyPath(place)) && !existsSync(place));
  if (missing === undefined) return found;
  throw new Error(
    `${path} tells of a restore that is not finished, and neither ${missing} nor ${basename(readyPath(missing))} beside it ` +
      "is there. Mount the disk that it is on; or remove the plan, and run `bpt restore` with the backup again.",
  );
}

/** Where the data directory was for earlier versions, which wrote whole paths: the live buffer is always in it. */
function formerDirectory({ replace, remove }: SwapPlan): string | undefined {
  const buffer = [...replace, ...remove].find((path) => isAbsolute(path) && basename(path) === "streams.db");
  return buffer && dirname(buffer);
}

function mapPaths({ replaced, replace, remove }: SwapPlan, change: (path: string) => string): SwapPlan {
  return { replaced, replace: replace.map(change), remove: remove.map(change) };
}

/** The path from a directory to what is in it; undefined of what is elsewhere. */
function within(directory: string, path: string): string | undefined {
  const inside = relative(resolve(directory), resolve(directory, path));
  return inside.startsWith("..") || isAbsolute(inside) ? undefined : inside;
}

/**
 * Carries out what is left of a plan that somebody was stopped at; resolves to whether there was one. For whoever holds
 * the lock of the data directory, before anything in it is opened.
 */
export async function finishSwap(dataDirectory: string): Promise<boolean> {
  if (!isRestoreUnderWay(dataDirectory)) return false;
  const plan = await readPlan(dataDirectory);
  for (const path of plan.replace) {
    // Already in its place, if it no longer lies ready.
    if (!existsSync(readyPath(path))) continue;
    await moveAway(path, plan.replaced);
    await rename(readyPath(path), path);
    await syncDirectory(dirname(path));
  }
  for (const path of plan.remove) await moveAway(path, plan.replaced);
  await rm(join(dataDirectory, PLAN_NAME));
  await syncDirectory(dataDirectory);
  return true;
}

/** With the files that are part of a database: it would be an older one without its log, and so would what takes its place with it. */
async function moveAway(path: string, replaced: string): Promise<void> {
  const parts = ["", ...COMPANIONS].map((ending) => path + ending).filter((part) => existsSync(part));
  const directory = directoryFor(parts, join(dirname(path), replaced));
  for (const part of parts) {
    await makeDirectory(directory);
    await rename(part, join(directory, basename(part)));
  }
  if (existsSync(directory)) await syncDirectory(directory);
}

/** The directory, or the next like it in which nothing would be overwritten, such as what was moved there before a kill. */
function directoryFor(parts: readonly string[], directory: string): string {
  const isFree = (place: string) => parts.every((part) => !existsSync(join(place, basename(part))));
  let found = directory;
  for (let number = 2; !isFree(found); number++) found = `${directory}-${number}`;
  return found;
}
