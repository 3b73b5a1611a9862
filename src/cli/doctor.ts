import { statSync } from "node:fs";
import { basename } from "node:path";
import { parseConfig } from "../config.ts";
import type { LocalFile } from "../db/local-files.ts";
import { examine } from "../doctor/examine.ts";
import { type Finding, megabytes } from "../doctor/finding.ts";
import { type Repair, repair, type TableCount } from "../doctor/repair.ts";
import { note } from "./output.ts";

type Options = { repair?: boolean; json?: boolean };

/**
 * Says how the data is, and with `repair` first does what is safe to do about it.
 * @throws Error when there is a problem, or when repairing is not possible.
 */
export async function doctor(
  { repair: isRepairing = false, json = false }: Options,
  environment: Record<string, string | undefined>,
): Promise<void> {
  const config = parseConfig(environment);
  const repairs = isRepairing ? await repair(config, Date.now, tellFile) : [];
  if (!json) for (const done of repairs) print(describeRepair(done));
  const findings = await examine(config, Date.now(), tellFile);
  const problems = findings.filter(({ status }) => status === "problem").length;
  if (json) print(JSON.stringify({ ok: problems === 0, ...(isRepairing && { repairs }), findings }));
  else for (const finding of findings) print(describe(finding));
  if (problems > 0)
    throw new Error(problems === 1 ? "There is a problem." : `There are ${problems} problems.`);
}

/** On a terminal somebody waits, and a large file takes a while. */
function tellFile({ path }: LocalFile): void {
  if (process.stderr.isTTY) note(`Checking ${basename(path)} (${megabytes(statSync(path).size)}) …`);
}

function describe({ check, status, message, advice }: Finding): string {
  const line = `${status.padEnd(8)} ${check.padEnd(15)} ${message}.`;
  return advice === undefined ? line : `${line}\n${" ".repeat(25)}${advice}`;
}

function describeRepair(done: Repair): string {
  const name = basename(done.path);
  if (done.outcome === "tidied")
    return `${name} was sound and is tidied: ${megabytes(done.bytesFreed)} freed.`;
  if (done.outcome === "left") return `${name} is sound; a replica is left as it is.`;
  const kept = `${name} was damaged (${done.problems[0]}) and is kept as ${basename(done.kept)}.`;
  if (done.outcome === "set-aside") return `${kept} The server makes a new replica at its next start.`;
  const tables = Object.entries(done.tables).map(([table, count]) => `\n  ${table}: ${describeCount(count)}`);
  return `${kept} The new one has:${tables.join("")}\nThe server derives what rides tell again.`;
}

function describeCount({ salvaged, lost, unreadable }: TableCount): string {
  const parts = [`${salvaged} salvaged`];
  if (lost > 0) parts.push(`${lost} lost`);
  if (unreadable > 0) parts.push(`${unreadable} entries unreadable or double`);
  return parts.join(", ");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
