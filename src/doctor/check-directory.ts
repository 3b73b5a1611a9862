import { constants } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Config } from "../config.ts";
import { type Finding, megabytes } from "./finding.ts";

const LITTLE_ROOM_BYTES = 200_000_000;
const NO_ROOM_BYTES = 20_000_000;

/** What a start unpacks into the directory of temporary files, and some. */
const TEMPORARY_BYTES = 50_000_000;

const OWN_NAMES =
  /^((bpt|streams)\.db(-wal|-shm|-client_wal_index)?|server\.lock.*|jwt\.secret|backups|\.bpt-.*\.node|lost\+found)$/;

/** Room on the disk, permissions, and what lies about in the data directory. */
export async function checkDirectory({ dataDirectory }: Config): Promise<Finding[]> {
  return [
    await checkRoom(dataDirectory),
    await checkTemporary(tmpdir()),
    await checkPermissions(dataDirectory),
    await checkSecret(join(dataDirectory, "jwt.secret")),
    ...(await checkLeftovers(dataDirectory)),
  ].filter((finding) => finding !== undefined);
}

async function checkRoom(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const message = `${megabytes(free)} of the disk of ${directory} are free`;
  if (free >= LITTLE_ROOM_BYTES) return { check: "disk", status: "ok", message };
  const status = free < NO_ROOM_BYTES ? "problem" : "warning";
  return { check: "disk", status, message, advice: "Make room, or move the data to a larger disk." };
}

async function checkTemporary(directory: string): Promise<Finding> {
  const check = "temporary files";
  const { bavail, bsize } = await statfs(directory);
  const isWritable = await may(directory, constants.W_OK);
  if (isWritable && bavail * bsize >= TEMPORARY_BYTES) {
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

async function checkLeftovers(directory: string): Promise<Finding[]> {
  const names = (await readdir(directory)).filter((name) => !OWN_NAMES.test(name)).sort();
  if (names.length === 0) return [];
  const message = `${directory} has also: ${names.join(", ")}`;
  const advice = "What repairs and restores have kept can be removed once all is well.";
  return [{ check: "leftovers", status: "warning", message, advice }];
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
