import type { StreamKey } from "./buffer.ts";

/*
 * How the data lies in Redis:
 *
 *   workout:<owner>:<name>        a stream's messages, each an entry with one field `data`
 *   workout:<owner>:<name>:bytes  how many bytes they are
 *   workout:<owner>:<name>:<key>  what one deletion of the last minutes took of them, so that other instances can still
 *                                 hand it to their listeners
 *   workout:<owner>               a hash, the index of the owner's streams: <name> → id of its creation, which lies
 *                                 before its first message; `:<name>:<key>` → id at which that was deleted, followed by
 *                                 `end` where the stream ended with it, which is known for longer than what it held
 *   workouts:begun                a hash: <owner>:<name> → the id of a stream's first message; where that is gone and was not
 *                                 deleted, Redis has lost it
 *   workouts                      a set of the owners that have streams
 *   workouts:last                 the last id given out: ids grow over all streams
 */

export const OWNERS = "workouts";
export const LAST = "workouts:last";
export const BEGUN = "workouts:begun";

export function begunField({ owner, name }: StreamKey): string {
  return `${owner}:${name}`;
}

export function indexKey(owner: string): string {
  return `workout:${owner}`;
}

export function streamKey({ owner, name }: StreamKey): string {
  return `${indexKey(owner)}:${name}`;
}

/** A new one for each deletion: several of one stream may be still to be read. */
export function deletedKey(key: StreamKey): string {
  return `${streamKey(key)}:${Bun.randomUUIDv7()}`;
}

/** The name in the key of a stream, or of what a deletion took of it. */
export function nameIn(key: string, owner: string): string {
  const [name = ""] = key.slice(indexKey(owner).length + 1).split(":");
  return name;
}
