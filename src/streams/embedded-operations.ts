import type { StreamKey } from "./buffer.ts";
import type { IdParts } from "./message-id.ts";

/* What an embedded buffer is asked to write, and what of it is committed together. */

/** Bytes of data that one commit may hold, so that none of them takes long. */
const LARGEST_GROUP = 2_000_000;

/** `id` is the last one given to this call, or that of the creation where there are no messages. */
export type Append = {
  kind: "append";
  key: StreamKey;
  ids: IdParts[];
  data: readonly string[];
  bytes: number;
  id: IdParts;
};
export type Delete = { kind: "delete"; key: StreamKey; through: IdParts };
/** What is left of a stream that is gone. */
export type Purge = { kind: "purge"; streamId: number };
/** Of free pages. */
type Compact = { kind: "compact" };
/** A write of which nothing is left. */
export type Probe = { kind: "probe" };
export type Request = Append | Delete | Purge | Compact | Probe;
export type Operation = Request & { settled: PromiseWithResolvers<boolean> };

/** A deletion goes alone, since it must not overtake or be overtaken by the messages around it. */
export function takeGroup(queue: Operation[]): Operation[] {
  if (queue[0]?.kind !== "append") return queue.splice(0, 1);
  let bytes = 0;
  const end = queue.findIndex((operation, index) => {
    if (operation.kind !== "append") return true;
    bytes += operation.bytes;
    return index > 0 && bytes > LARGEST_GROUP;
  });
  return queue.splice(0, end === -1 ? queue.length : end);
}
