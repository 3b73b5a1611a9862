import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "libsql";
import { COMPANIONS } from "./local-files.ts";

/**
 * Makes an empty database file in the place of none, in one step: under another name until it has its write-ahead log, so
 * that nobody who is killed leaves a file of which the change to that has to be rolled back. For whoever holds the lock
 * of the data directory.
 */
export function makeFile(path: string): void {
  const draft = `${path}.new`;
  removeFile(draft);
  const database = new Database(draft);
  try {
    // Ahead of the first page: later it would take a VACUUM.
    database.exec("PRAGMA auto_vacuum = INCREMENTAL");
  } finally {
    database.close();
  }
  keepLog(draft);
  // What belonged to an earlier file would be taken for part of this one.
  removeCompanions(path);
  renameSync(draft, path);
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Has a file that nobody else uses keep a write-ahead log from now on, and folds in what it has of one. */
export function keepLog(path: string): void {
  const database = new Database(path);
  try {
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
  removeCompanions(path);
}

/** A database file with what belongs to it, so far as there is any of it. */
export function removeFile(path: string): void {
  // First, so that nobody who is killed leaves a journal beside what may come under this name next.
  removeCompanions(path);
  rmSync(path, { force: true });
}

function removeCompanions(path: string): void {
  for (const ending of COMPANIONS) rmSync(path + ending, { force: true });
}
