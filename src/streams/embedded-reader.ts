import { openConnection } from "../db/connection.ts";
import type { StreamBuffer } from "./buffer.ts";
import * as sql from "./embedded-sql.ts";
import { infoOf } from "./stream-index.ts";

export type BufferReader = Pick<StreamBuffer, "list" | "range" | "close">;

/**
 * Reads the file of an embedded buffer beside the server that has it: write-ahead logging lets any number of processes
 * read while one writes, and what they read is what was committed. Nothing of the streams is kept in memory here, since
 * the server goes on changing them.
 * @throws Error when the file cannot be opened or was written by a newer version of the program.
 */
export function openEmbeddedReader(path: string): BufferReader {
  const connection = openConnection({ path, readOnly: true });
  const read = (statement: Parameters<typeof connection.run>[0][number]) =>
    connection.run([statement])[0]?.value;
  const version = Number(read(sql.READ_VERSION));
  if (version > sql.FORMAT_VERSION) {
    connection.close();
    throw sql.writtenByNewer();
  }
  return {
    async list(owner) {
      // A server that is just starting has made the file and no table in it yet.
      if (version === 0) return [];
      const { streams } = sql.parseState(read(sql.READ_STATE));
      return streams.filter((stream) => owner === undefined || stream.owner === owner).map(infoOf);
    },
    async range(key, start, end, count) {
      const id = version === 0 ? undefined : read(sql.findStream(key));
      if (id === undefined) return [];
      return sql.parseMessages(key.name, read(sql.readMessages(Number(id), start, end, count)));
    },
    async close() {
      connection.close();
    },
  };
}
