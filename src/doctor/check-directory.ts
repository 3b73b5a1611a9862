import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve, sep } from "node:path";
import { isRestoreUnderWay } from "../backup/swap.ts";
import type { Config } from "../config.ts";
import { COMPANIONS, ownFiles } from "../db/local-files.ts";
import { freeBytes } from "../file-system.ts";
import { type Finding, megabytes } from "./finding.ts";

const LITTLE_ROOM_BYTES = 200_000_000;
const NO_ROOM_BYTES = 20_000_000;

/** What a start unpacks into the directory of temporary files, and some. */
const TEMPORARY_BYTES = 50_000_000;

/** What the service makes beside its databases and what systems do. */
const OWN_NAMES = /^(server\.lock.*|jwt\.secret|clock\.json(\.part)?|\.bpt-.*\.node|lost\+found)$/;

/** What repairs and restores have kept, or left when they were stopped. */
const LEFTOVER =
  /\.damaged-|\.salvaging|^replaced-|\.(restoring|new)(-wal|-shm|-journal)?$|^restore\.json\.part$/;

/** Room on the disk, permissions, and what lies about in the data directory. */
export async function checkDirectory(config: Config): Promise<Finding[]> {
  const { dataDirectory } = config;
  return [
    await checkRoom(dataDirectory),
    await checkTemporary(tmpdir()),
    await checkPermissions(dataDirectory),
    await checkSecret(join(dataDirectory, "jwt.secret")),
    ...(await checkLeftovers(config)),
  ].filter((finding) => finding !== undefined);
}

async function checkRoom(directory: string): Promise<Finding> {
  const free = await freeBytes(directory);
  const message = `${megabytes(free)} of the disk of ${directory} are free`;
  if (free >= LITTLE_ROOM_BYTES) return { check: "disk", status: "ok", message };
  const status = free < NO_ROOM_BYTES ? "problem" : "warning";
  return { check: "disk", status, message, advice: "Make room, or move the data to a larger disk." };
}

async function checkTemporary(directory: string): Promise<Finding> {
  const check = "temporary files";
  const free = await freeBytes(directory);
  const isWritable = await may(directory, constants.W_OK);
  if (isWritable && free >= TEMPORARY_BYTES) {
    return { check, status: "ok", message: `${directory} has room for what a start unpacks` };
  }
  const message = `${directory} ${isWritable ? "is almost full" : "cannot be written"}`;
  return {
    check,
    status: "problem",
    message,
    advice: "The program unpacks a library there when it starts. Make room, or set TMPDIR.",
  };
}

async function checkPermissions(directory: string): Promise<Finding> {
  const check = "permissions";
  if (!(await may(directory, constants.R_OK | constants.W_OK | constants.X_OK))) {
    const message = `This user may not write into ${directory}`;
    return {
      check,
      status: "problem",
      message,
      advice: "Run this as the user that runs the server, or change the owner.",
    };
  }
  if (await isOpenToOthers(directory)) {
    const message = `Other users of this machine can look into ${directory}`;
    return { check, status: "warning", message, advice: `\`chmod 700 ${directory}\`` };
  }
  return { check, status: "ok", message: `${directory} is open to its owner only` };
}

async function checkSecret(path: string): Promise<Finding | undefined> {
  if (!(await may(path, constants.F_OK)) || !(await isOpenToOthers(path))) return undefined;
  const message = `Other users of this machine can read ${basename(path)}`;
  return { check: "permissions", status: "problem", message, advice: `\`chmod 600 ${path}\`` };
}

async function checkLeftovers(config: Config): Promise<Finding[]> {
  const { dataDirectory } = config;
  const own = ownNames(config);
  const names = (await readdir(dataDirectory))
    .filter((name) => !OWN_NAMES.test(name) && !own.has(name))
    .sort();
  const leftovers = isRestoreUnderWay(config.dataDirectory)
    ? []
    : names.filter((name) => LEFTOVER.test(name));
  const others = names.filter((name) => !leftovers.includes(name));
  const check = "leftovers";
  const findings: Finding[] = [];
  if (leftovers.length > 0) {
    const message = `${dataDirectory} has what repairs and restores have kept: ${leftovers.join(", ")}`;
    findings.push({ check, status: "warning", message, advice: "It can be removed once all is well." });
  }
  if (others.length > 0) {
    findings.push({ check, status: "ok", message: `${dataDirectory} has also: ${others.join(", ")}` });
  }
  return findings;
}

/** What lies in the data directory by the configuration, and what belongs to it. */
function ownNames(config: Config): Set<string> {
  const { dataDirectory, backupDirectory } = config;
  const databases = ownFiles(config).flatMap(({ path }) =>
    ["", ...COMPANIONS].map((ending) => resolve(path) + ending),
  );
  const inside = [...databases, backupDirectory].map((path) => relative(dataDirectory, path).split(sep)[0]);
  return new Set(inside.filter((name) => name !== undefined));
}

async function isOpenToOthers(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o077) !== 0;
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
